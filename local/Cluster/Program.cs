using Betting.Local.Cluster;

return await ClusterCommand.RunAsync(args);
