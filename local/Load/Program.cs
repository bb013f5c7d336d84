using System.CommandLine;
using Betting.Local.Load;

return await new RootCommand("Traffic that looks like betting, for tries and measurements on one machine.")
{
    WriteVerb.Create(),
    SendVerb.Create(),
}
    .Parse(args)
    .InvokeAsync();
