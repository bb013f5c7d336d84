using Betting.Local.Cluster;

// Ctrl-C and SIGTERM cancel; draining then takes the time it needs.
return await ClusterCommand.Create().Parse(args).InvokeAsync(new() { ProcessTerminationTimeout = TimeSpan.FromMinutes(10) });
