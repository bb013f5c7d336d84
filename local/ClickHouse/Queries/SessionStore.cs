using Betting.Local.ClickHouse.Engine;

namespace Betting.Local.ClickHouse.Queries;

/// <summary>The sessions by their id. One that is not used for its timeout is dropped.</summary>
sealed class SessionStore : IDisposable
{
    const int MaxSessions = 1000;
    static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(5);

    readonly Dictionary<string, Session> _sessions = new(StringComparer.Ordinal);
    readonly Lock _lock = new();
    readonly ChdbEngine _engine;
    readonly TimeProvider _time;
    readonly ITimer _sweep;

    public SessionStore(ChdbEngine engine, TimeProvider time)
    {
        _engine = engine;
        _time = time;
        _sweep = time.CreateTimer(_ => Sweep(), null, SweepEvery, SweepEvery);
    }

    /// <summary>The session for one query; the caller hands it back with <see cref="Release"/>.</summary>
    /// <exception cref="EngineException">It is busy with another query, or asked for as existing and gone.</exception>
    public Session Acquire(QueryRequest request)
    {
        lock (_lock)
        {
            if (!_sessions.TryGetValue(request.SessionId, out var session))
            {
                if (request.SessionCheck)
                    throw new EngineException(ErrorCode.SessionNotFound, $"Session {request.SessionId} not found");
                if (_sessions.Count >= MaxSessions)
                    throw new EngineException(ErrorCode.TooManySimultaneousQueries, $"Too many sessions. Maximum: {MaxSessions}");
                session = _sessions[request.SessionId] = new Session(_engine.Connect());
            }

            if (session.IsBusy)
                throw new EngineException(ErrorCode.SessionIsLocked, $"Session {request.SessionId} is locked by a concurrent client");
            session.IsBusy = true;
            return session;
        }
    }

    public void Release(QueryRequest request, Session session)
    {
        lock (_lock)
        {
            session.IsBusy = false;
            session.ExpiresAt = _time.GetUtcNow() + request.SessionTimeout;
            if (request.CloseSession)
                Drop(request.SessionId, session);
        }
    }

    public void Dispose()
    {
        _sweep.Dispose();
        lock (_lock)
        {
            foreach (var (id, session) in _sessions.ToArray())
                Drop(id, session);
        }
    }

    void Sweep()
    {
        var now = _time.GetUtcNow();
        lock (_lock)
        {
            foreach (var (id, session) in _sessions.ToArray())
            {
                if (!session.IsBusy && session.ExpiresAt <= now)
                    Drop(id, session);
            }
        }
    }

    void Drop(string id, Session session)
    {
        _sessions.Remove(id);
        session.Connection.Dispose();
    }
}
