using Betting.CacheWarmer;
using Betting.Hosting;

return await new WorkerCommandLine(
    "CacheWarmer",
    "Keeps the Redis caches and counters warm from the change stream and from PostgreSQL."
).RunAsync(args, builder => builder.Services.AddCacheWarmer());
