using Betting.Local.ClickHouse;

return await CommandLine.RunAsync(args, Server.RunAsync);
