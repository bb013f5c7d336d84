using Betting.Local.Bench;

// Ctrl-C and SIGTERM cancel; the engines are stopped in order then.
return await BenchCommand.Create().Parse(args).InvokeAsync(new() { ProcessTerminationTimeout = TimeSpan.FromMinutes(2) });
