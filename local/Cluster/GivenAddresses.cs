using Betting.Brokers;
using Confluent.Kafka;

namespace Betting.Local.Cluster;

/// <summary>
/// The Kafka and the Kafka Connect that the environment names instead of the local ones. They are asked before anything starts: a name that
/// nobody answers to would be found out by the workers only, which retry.
/// </summary>
static class GivenAddresses
{
    const string KafkaName = "KAFKA_BOOTSTRAP",
        ConnectName = "CONNECT_URL";

    static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>Bootstrap servers; null where none are given.</summary>
    public static string? Kafka => Given(KafkaName);

    /// <summary>The address of Kafka Connect; null where none is given.</summary>
    public static string? Connect => Given(ConnectName);

    /// <summary>What is wrong with an address, in one line; null where all that are given answer.</summary>
    public static async Task<string?> WhatIsWrongAsync() =>
        WrongForm()
        ?? (
            Kafka is { } kafka
                ? await Task.Run(() => KafkaAnswers(kafka))
                    ? null
                    : $"{KafkaName}: no broker answers (it is '{kafka}')"
                : null
        )
        ?? (
            Connect is { } connect
                ? await ConnectAnswersAsync(connect)
                    ? null
                    : $"{ConnectName}: Kafka Connect does not answer (it is '{connect}')"
                : null
        );

    static string? WrongForm() =>
        Kafka is { } kafka && !BrokerList.IsValid(kafka) ? $"{KafkaName} takes {BrokerList.Form} (it is '{kafka}')"
        : Connect is { } connect
        && !(
            Uri.TryCreate(connect, UriKind.Absolute, out var address)
            && address is { Scheme: "http" or "https", Host.Length: > 0, Port: not 0 }
        )
            ? $"{ConnectName} takes http://HOST:PORT (it is '{connect}')"
        : null;

    static bool KafkaAnswers(string bootstrap)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap })
            .SetLogHandler((_, _) => { })
            .SetErrorHandler((_, _) => { })
            .Build();
        try
        {
            return admin.GetMetadata(Limit).Brokers.Count > 0;
        }
        catch (KafkaException)
        {
            return false;
        }
    }

    static async Task<bool> ConnectAnswersAsync(string url)
    {
        using var http = new HttpClient { Timeout = Limit };
        try
        {
            using var answer = await http.GetAsync(new Uri(url));
            return answer.IsSuccessStatusCode;
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    static string? Given(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
