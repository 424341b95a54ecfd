-- The samples as they were sent, one row per server and one per card; what the landing table holds for the machinery's
-- own use stays out of sight. `network_*_bytes` are the increases since the sample before, corrected by samples that
-- arrived after it (network_corrections is small: only what came out of order).
CREATE VIEW IF NOT EXISTS server_samples AS
SELECT
    s.server AS server,
    s.ts AS ts,
    s.boot_id AS boot_id,
    s.seq AS seq,
    s.received_ts AS received_ts,
    s.skewed AS skewed,
    s.interval_ms AS interval_ms,
    s.uptime_s AS uptime_s,
    toFloat64(s.cpu) AS cpu,
    toFloat64(s.load1) AS load1,
    toFloat64(s.load5) AS load5,
    toFloat64(s.load15) AS load15,
    s.memory_total AS memory_total,
    s.memory_used AS memory_used,
    s.swap_total AS swap_total,
    s.swap_used AS swap_used,
    s.hdd_total AS hdd_total,
    s.hdd_used AS hdd_used,
    s.network_in AS network_in,
    s.network_out AS network_out,
    s.network_up_bytes + c.network_up_bytes AS network_up_bytes,
    s.network_down_bytes + c.network_down_bytes AS network_down_bytes,
    s.user_num AS user_num,
    s.users AS users,
    length(s.`gpus.id`) AS gpu_num,
    s.extra AS extra
FROM samples AS s
LEFT JOIN
(
    SELECT server, boot_id, seq, sum(n.network_up_bytes) AS network_up_bytes, sum(n.network_down_bytes) AS network_down_bytes
    FROM network_corrections AS n
    GROUP BY server, boot_id, seq
) AS c ON c.server = s.server AND c.boot_id = s.boot_id AND c.seq = s.seq;

CREATE VIEW IF NOT EXISTS gpu_samples AS
SELECT
    g.server AS server,
    g.ts AS ts,
    g.gpu AS gpu,
    nullIf(i.gpu_type, '') AS gpu_type,
    g.boot_id AS boot_id,
    g.seq AS seq,
    g.interval_ms AS interval_ms,
    g.memory_total AS memory_total,
    g.memory_used AS memory_used,
    g.utilization AS utilization,
    g.temperature AS temperature,
    toFloat64(g.power) AS power,
    g.free8g AS free8g,
    g.used10pct AS used10pct,
    g.occupied_idle AS occupied_idle,
    g.users AS users
FROM (
    SELECT
        server, ts, boot_id, seq, interval_ms,
        gpu, memory_total, memory_used, utilization, temperature, power, free8g, used10pct, occupied_idle,
        arrayDistinct(arrayFilter((user, at) -> at = gpu AND user != '', `processes.user`, `processes.gpu`)) AS users
    FROM samples
    ARRAY JOIN
        `gpus.id` AS gpu,
        `gpus.memory_total` AS memory_total,
        `gpus.memory_used` AS memory_used,
        `gpus.utilization` AS utilization,
        `gpus.temperature` AS temperature,
        `gpus.power` AS power,
        `gpus.free8g` AS free8g,
        `gpus.used10pct` AS used10pct,
        `gpus.occupied_idle` AS occupied_idle
) AS g
LEFT JOIN gpu_types AS i ON i.server = g.server AND i.gpu = g.gpu;
