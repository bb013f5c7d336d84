using Betting.Tests.Fixtures;

[assembly: Xunit.AssemblyFixture(typeof(Servers))]
