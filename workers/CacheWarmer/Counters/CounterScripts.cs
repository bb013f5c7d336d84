namespace Betting.CacheWarmer.Counters;

/// <summary>
/// What Redis does in one step. Versions and positions are texts of fixed width that sort as the numbers they stand for:
/// Lua's numbers are doubles and would round them.
/// </summary>
static class CounterScripts
{
    /// <summary>
    /// Moves one shard's counters and positions together. Each bet's last state and version is held, so a change that comes
    /// again, or after a newer one, counts nothing.
    /// <code>
    /// KEYS meta, counts, bucket…
    /// ARGV generation, number of positions, (partition, position)…, (index of the bucket in KEYS, bet id, status code, version)…
    /// </code>
    /// Answers how many changes were news, or -1: the shard does not stand on this generation, nothing was done.
    /// </summary>
    public const string Apply = """
        if redis.call('HGET', KEYS[1], 'generation') ~= ARGV[1] then return -1 end
        local at = 3
        for _ = 1, tonumber(ARGV[2]) do
          local field = 'position:' .. ARGV[at]
          local known = redis.call('HGET', KEYS[1], field)
          if not known or known < ARGV[at + 1] then redis.call('HSET', KEYS[1], field, ARGV[at + 1]) end
          at = at + 2
        end
        local news = 0
        while at < #ARGV do
          local bucket, id, code, version = KEYS[tonumber(ARGV[at])], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
          local held = redis.call('HGET', bucket, id)
          local was = held and string.sub(held, 1, 1) or '-'
          if not held or string.sub(held, 2) < version then
            redis.call('HSET', bucket, id, code .. version)
            if was ~= code then
              if was ~= '-' then redis.call('HINCRBY', KEYS[2], was, -1) end
              if code ~= '-' then redis.call('HINCRBY', KEYS[2], code, 1) end
            end
            news = news + 1
          end
          at = at + 4
        end
        redis.call('HINCRBY', KEYS[1], 'step', 1)
        return news
        """;

    /// <summary>
    /// Puts a shard's finished base in force. <c>KEYS meta, counts; ARGV generation, (status code, bets)…</c>
    /// Answers 0 if the mark that the build began with is gone: Redis was flushed meanwhile, and the build is void.
    /// </summary>
    public const string Finish = """
        if redis.call('HDEL', KEYS[2], 'building') == 0 then return 0 end
        for at = 2, #ARGV, 2 do redis.call('HSET', KEYS[2], ARGV[at], ARGV[at + 1]) end
        redis.call('DEL', KEYS[1])
        redis.call('HSET', KEYS[1], 'generation', ARGV[1], 'step', 0)
        return 1
        """;

    /// <summary>
    /// The same for the whole: <c>KEYS control; ARGV the base as it was announced</c>. Answers 0 if another one is being built.
    /// </summary>
    public const string Enforce = """
        if redis.call('HGET', KEYS[1], 'building') ~= ARGV[1] then return 0 end
        redis.call('HDEL', KEYS[1], 'building')
        redis.call('HSET', KEYS[1], 'current', ARGV[1])
        return 1
        """;

    /// <summary>One shard's numbers: <c>KEYS meta, counts; ARGV generation, status code…</c> Answers step and counts, or nothing.</summary>
    public const string Read = """
        if redis.call('HGET', KEYS[1], 'generation') ~= ARGV[1] then return {} end
        local answer = { redis.call('HGET', KEYS[1], 'step') }
        for at = 2, #ARGV do answer[at] = redis.call('HGET', KEYS[2], ARGV[at]) or '0' end
        return answer
        """;

    /// <summary>Milliseconds since 1970 UTC. <c>KEYS fresh</c></summary>
    public const string Time = """
        local time = redis.call('TIME')
        return time[1] * 1000 + math.floor(time[2] / 1000)
        """;

    /// <summary>
    /// Marks partitions as followed closely at this moment, by Redis' own clock, which all replicas share.
    /// <c>KEYS fresh; ARGV number of partitions of the topic, partition…</c>
    /// </summary>
    public const string Refresh = """
        local time = redis.call('TIME')
        local now = time[1] .. string.format('%06d', time[2])
        redis.call('HSET', KEYS[1], 'partitions', ARGV[1])
        for at = 2, #ARGV do redis.call('HSET', KEYS[1], ARGV[at], now) end
        return 1
        """;

    /// <summary>
    /// Whether every partition was marked within the last <c>ARGV[1]</c> seconds, by whichever replica follows it. <c>KEYS fresh</c>
    /// </summary>
    public const string IsFresh = """
        local partitions = tonumber(redis.call('HGET', KEYS[1], 'partitions') or '0')
        if partitions == 0 then return 0 end
        local now = tonumber(redis.call('TIME')[1])
        for partition = 0, partitions - 1 do
          local marked = redis.call('HGET', KEYS[1], tostring(partition))
          if not marked or now - tonumber(string.sub(marked, 1, -7)) > tonumber(ARGV[1]) then return 0 end
        end
        return 1
        """;

    /// <summary>
    /// Writes a public key unless a newer value stands there. The version's key has the value's own name in braces, so both
    /// are in one slot, and the value's lifetime. <c>KEYS key, key of its version; ARGV value, version, lifetime in ms</c>
    /// </summary>
    public const string Publish = """
        local known = redis.call('GET', KEYS[2])
        if known and known > ARGV[2] then return 0 end
        redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
        redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
        return 1
        """;
}
