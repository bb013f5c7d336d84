using System.ComponentModel.DataAnnotations;
using Betting.Brokers;
using Betting.Connections;
using ClickHouse.Driver;
using StackExchange.Redis;
using Xunit;

namespace Betting.Tests.Shared.Hosting;

/// <summary>Forms of hosts and ports that each store's settings take or refuse. What is taken, the store's client can read.</summary>
public sealed class StoreAddressTests
{
    [Theory]
    [InlineData("Host=click")]
    [InlineData("Host=click_house-1.example.com;Port=8123")]
    [InlineData("Host=127.0.0.1;Port=65535;Protocol=https")]
    [InlineData("Host=::1;Port=8123")]
    [InlineData("Host=[::1];Port=8123")]
    [InlineData("Host=[fe80::1]")]
    public void ClickHouse_takes_a_name_or_an_address(string connection)
    {
        Assert.Empty(Wrong(new ClickHouseOptions { ConnectionString = connection }));
        using var client = new ClickHouseClient(connection);
    }

    [Theory]
    [InlineData("Host=127.0.0.1:8123")]
    [InlineData("Host=click:8123")]
    [InlineData("Host=:8123")]
    [InlineData("Host=[::1]:8123")]
    [InlineData("Host=::1:8123:x")]
    [InlineData("Host=[::1")]
    [InlineData("Host=http://click")]
    [InlineData("Host=//click")]
    [InlineData("Host=click/path")]
    [InlineData("Host=click?x=1")]
    [InlineData("Host=click#x")]
    [InlineData("Host=a@click")]
    [InlineData("Host=a,b")]
    [InlineData("Host='a b'")]
    [InlineData("Host=' '")]
    [InlineData("Host=")]
    [InlineData("Port=8123")]
    [InlineData("Host=click;Port=0")]
    [InlineData("Host=click;Port=70000")]
    [InlineData("Host=click;Port=+1")]
    public void ClickHouse_refuses_everything_else(string connection) =>
        Assert.NotEmpty(Wrong(new ClickHouseOptions { ConnectionString = connection }));

    [Theory]
    [InlineData("redis")]
    [InlineData("redis:6379")]
    [InlineData("127.0.0.1:6379,10.0.0.2:6380")]
    [InlineData("[::1]:6379")]
    [InlineData("[::1]")]
    [InlineData("::1")]
    [InlineData("!/run/redis.sock")]
    public void Redis_takes_names_addresses_and_sockets(string configuration)
    {
        Assert.Empty(Wrong(new RedisOptions { ConnectionString = configuration }));
        Assert.NotEmpty(ConfigurationOptions.Parse(configuration).EndPoints);
    }

    [Theory]
    [InlineData(":6379")]
    [InlineData("http://127.0.0.1:6379")]
    [InlineData("redis://127.0.0.1:6379")]
    [InlineData("redis://redis")]
    [InlineData("redis:70000")]
    [InlineData("redis:0")]
    [InlineData("redis:6379:1")]
    [InlineData("redis:6379/0")]
    [InlineData("a@redis:6379")]
    [InlineData("a b:6379")]
    [InlineData("[::1:6379")]
    public void Redis_refuses_everything_else(string configuration) =>
        Assert.NotEmpty(Wrong(new RedisOptions { ConnectionString = configuration }));

    [Theory]
    [InlineData("Host=pg")]
    [InlineData("Host=127.0.0.1:5432,pg2:5433;Port=5432")]
    [InlineData("Host=::1")]
    [InlineData("Host=/var/run/postgresql")]
    [InlineData("Host=[::1]:5432")]
    public void PostgreSQL_takes_names_addresses_and_folders_of_sockets(string connection) =>
        Assert.Empty(Wrong(new PostgresOptions { ConnectionString = connection + ";Username=x;Database=x" }));

    [Theory]
    [InlineData("Host=http://pg")]
    [InlineData("Host=postgres://pg:5432")]
    [InlineData("Host=pg:")]
    [InlineData("Host=:5432")]
    [InlineData("Host=pg:70000")]
    [InlineData("Host=")]
    [InlineData("Host=pg;Port=0")]
    [InlineData("Host=pg;Port=70000")]
    public void PostgreSQL_refuses_what_it_cannot_reach(string connection) =>
        Assert.NotEmpty(Wrong(new PostgresOptions { ConnectionString = connection + ";Username=x;Database=x" }));

    [Theory]
    [InlineData("amqp://a:b@:5672/")]
    [InlineData("amqp://a:b@h:70000/")]
    [InlineData("amqp://a:b@h:0/")]
    [InlineData("amqp://a:b@::1:5672/")]
    [InlineData("amqp://a:b@http://h/")]
    [InlineData("h:5672")]
    public void RabbitMQ_refuses_what_it_cannot_reach(string uri) => Assert.NotEmpty(Wrong(new RabbitMqOptions { Uri = uri }));

    [Theory]
    [InlineData("amqp://a:b@[::1]:5672/")]
    [InlineData("amqps://a:b@h1,h2:5671/vhost")]
    public void RabbitMQ_takes_names_and_addresses(string uri) =>
        Assert.Empty(Wrong(new RabbitMqOptions { Uri = uri, ManagementUri = "https://rabbitmq:15671" }));

    static List<ValidationResult> Wrong(object options)
    {
        var wrong = new List<ValidationResult>();
        Validator.TryValidateObject(options, new ValidationContext(options), wrong, validateAllProperties: true);
        return wrong;
    }
}
