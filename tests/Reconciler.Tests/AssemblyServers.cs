using Betting.Tests.Fixtures;

[assembly: AssemblyFixture(typeof(Servers))]
