-- What people read: one row per bucket and server (and card), finished figures, buckets in local time.
--
-- Weeks, months and years are views over the days: 365 rows a server and year need no table of their own.
-- A bucket's length is asked of the calendar (`addDays`, not 86,400 s): a day has 23 or 25 hours twice a year.

CREATE VIEW IF NOT EXISTS servers_by_minute AS
SELECT
    bucket,
    server,
    samples,
    observed_ms / 1000 AS observed_s,
    least(1, observed_s / (toUnixTimestamp(addMinutes(bucket, 1)) - toUnixTimestamp(bucket))) AS coverage,
    cpu_ms / observed_ms AS cpu_mean,
    arrayAvg(cpu_middle) / 2 AS cpu_median,
    cpu_low AS cpu_min,
    cpu_high AS cpu_max,
    memory_used_sum / observed_ms AS memory_used_avg,
    memory_high AS memory_used_max,
    memory_size AS memory_total,
    hdd_used_sum / observed_ms AS hdd_used_avg,
    hdd_size AS hdd_total,
    network_up AS network_up_total,
    network_down AS network_down_total,
    users AS user_num_max,
    if(empty(observed), NULL, arrayAvg(gpu -> free8g[gpu] / observed[gpu], mapKeys(observed))) AS idle_rate_free8g,
    if(empty(observed), NULL, arrayAvg(gpu -> used10pct[gpu] / observed[gpu], mapKeys(observed))) AS idle_rate_used10pct,
    if(load1_known = 0, NULL, load1_sum / load1_known) AS load1_mean,
    if(swap_known = 0, NULL, swap_sum / swap_known) AS swap_used_avg
FROM
(
    SELECT
        t.bucket AS bucket,
        t.server AS server,
        sum(t.samples) AS samples,
        sum(t.observed_ms) AS observed_ms,
        sum(t.cpu_ms) AS cpu_ms,
        quantilesExactWeightedMerge(0.5, 0.500000001)(t.cpu_median) AS cpu_middle,
        min(t.cpu_min) AS cpu_low,
        max(t.cpu_max) AS cpu_high,
        sum(t.memory_used_ms) AS memory_used_sum,
        max(t.memory_used_max) AS memory_high,
        max(t.memory_total) AS memory_size,
        sum(t.hdd_used_ms) AS hdd_used_sum,
        max(t.hdd_total) AS hdd_size,
        sum(t.network_up_total) AS network_up,
        sum(t.network_down_total) AS network_down,
        max(t.user_num_max) AS users,
        sumMap(t.gpu_observed_ms) AS observed,
        sumMap(t.gpu_free8g_ms) AS free8g,
        sumMap(t.gpu_used10pct_ms) AS used10pct,
        sum(t.load1_ms) AS load1_sum,
        sum(t.load1_known_ms) AS load1_known,
        sum(t.swap_used_ms) AS swap_sum,
        sum(t.swap_known_ms) AS swap_known
    FROM servers_minute AS t
    GROUP BY server, bucket
)
WHERE samples > 0;

CREATE VIEW IF NOT EXISTS servers_by_hour AS
SELECT
    bucket,
    server,
    samples,
    observed_ms / 1000 AS observed_s,
    least(1, observed_s / (toUnixTimestamp(addHours(bucket, 1)) - toUnixTimestamp(bucket))) AS coverage,
    cpu_ms / observed_ms AS cpu_mean,
    arrayAvg(cpu_middle) / 2 AS cpu_median,
    cpu_low AS cpu_min,
    cpu_high AS cpu_max,
    memory_used_sum / observed_ms AS memory_used_avg,
    memory_high AS memory_used_max,
    memory_size AS memory_total,
    hdd_used_sum / observed_ms AS hdd_used_avg,
    hdd_size AS hdd_total,
    network_up AS network_up_total,
    network_down AS network_down_total,
    users AS user_num_max,
    if(empty(observed), NULL, arrayAvg(gpu -> free8g[gpu] / observed[gpu], mapKeys(observed))) AS idle_rate_free8g,
    if(empty(observed), NULL, arrayAvg(gpu -> used10pct[gpu] / observed[gpu], mapKeys(observed))) AS idle_rate_used10pct,
    if(load1_known = 0, NULL, load1_sum / load1_known) AS load1_mean,
    if(swap_known = 0, NULL, swap_sum / swap_known) AS swap_used_avg
FROM
(
    SELECT
        t.bucket AS bucket,
        t.server AS server,
        sum(t.samples) AS samples,
        sum(t.observed_ms) AS observed_ms,
        sum(t.cpu_ms) AS cpu_ms,
        quantilesExactWeightedMerge(0.5, 0.500000001)(t.cpu_median) AS cpu_middle,
        min(t.cpu_min) AS cpu_low,
        max(t.cpu_max) AS cpu_high,
        sum(t.memory_used_ms) AS memory_used_sum,
        max(t.memory_used_max) AS memory_high,
        max(t.memory_total) AS memory_size,
        sum(t.hdd_used_ms) AS hdd_used_sum,
        max(t.hdd_total) AS hdd_size,
        sum(t.network_up_total) AS network_up,
        sum(t.network_down_total) AS network_down,
        max(t.user_num_max) AS users,
        sumMap(t.gpu_observed_ms) AS observed,
        sumMap(t.gpu_free8g_ms) AS free8g,
        sumMap(t.gpu_used10pct_ms) AS used10pct,
        sum(t.load1_ms) AS load1_sum,
        sum(t.load1_known_ms) AS load1_known,
        sum(t.swap_used_ms) AS swap_sum,
        sum(t.swap_known_ms) AS swap_known
    FROM servers_hour AS t
    GROUP BY server, bucket
)
WHERE samples > 0;

CREATE VIEW IF NOT EXISTS servers_by_day AS
SELECT
    bucket,
    server,
    samples,
    observed_ms / 1000 AS observed_s,
    least(1, observed_s / (toUnixTimestamp(addDays(bucket, 1)) - toUnixTimestamp(bucket))) AS coverage,
    cpu_ms / observed_ms AS cpu_mean,
    arrayAvg(cpu_middle) / 2 AS cpu_median,
    cpu_low AS cpu_min,
    cpu_high AS cpu_max,
    memory_used_sum / observed_ms AS memory_used_avg,
    memory_high AS memory_used_max,
    memory_size AS memory_total,
    hdd_used_sum / observed_ms AS hdd_used_avg,
    hdd_size AS hdd_total,
    network_up AS network_up_total,
    network_down AS network_down_total,
    users AS user_num_max,
    if(empty(observed), NULL, arrayAvg(gpu -> free8g[gpu] / observed[gpu], mapKeys(observed))) AS idle_rate_free8g,
    if(empty(observed), NULL, arrayAvg(gpu -> used10pct[gpu] / observed[gpu], mapKeys(observed))) AS idle_rate_used10pct,
    if(load1_known = 0, NULL, load1_sum / load1_known) AS load1_mean,
    if(swap_known = 0, NULL, swap_sum / swap_known) AS swap_used_avg
FROM
(
    SELECT
        t.bucket AS bucket,
        t.server AS server,
        sum(t.samples) AS samples,
        sum(t.observed_ms) AS observed_ms,
        sum(t.cpu_ms) AS cpu_ms,
        quantilesExactWeightedMerge(0.5, 0.500000001)(t.cpu_median) AS cpu_middle,
        min(t.cpu_min) AS cpu_low,
        max(t.cpu_max) AS cpu_high,
        sum(t.memory_used_ms) AS memory_used_sum,
        max(t.memory_used_max) AS memory_high,
        max(t.memory_total) AS memory_size,
        sum(t.hdd_used_ms) AS hdd_used_sum,
        max(t.hdd_total) AS hdd_size,
        sum(t.network_up_total) AS network_up,
        sum(t.network_down_total) AS network_down,
        max(t.user_num_max) AS users,
        sumMap(t.gpu_observed_ms) AS observed,
        sumMap(t.gpu_free8g_ms) AS free8g,
        sumMap(t.gpu_used10pct_ms) AS used10pct,
        sum(t.load1_ms) AS load1_sum,
        sum(t.load1_known_ms) AS load1_known,
        sum(t.swap_used_ms) AS swap_sum,
        sum(t.swap_known_ms) AS swap_known
    FROM servers_day AS t
    GROUP BY server, bucket
)
WHERE samples > 0;

CREATE VIEW IF NOT EXISTS servers_by_week AS
SELECT
    bucket,
    server,
    samples,
    observed_ms / 1000 AS observed_s,
    least(1, observed_s / (toUnixTimestamp(addWeeks(bucket, 1)) - toUnixTimestamp(bucket))) AS coverage,
    cpu_ms / observed_ms AS cpu_mean,
    arrayAvg(cpu_middle) / 2 AS cpu_median,
    cpu_low AS cpu_min,
    cpu_high AS cpu_max,
    memory_used_sum / observed_ms AS memory_used_avg,
    memory_high AS memory_used_max,
    memory_size AS memory_total,
    hdd_used_sum / observed_ms AS hdd_used_avg,
    hdd_size AS hdd_total,
    network_up AS network_up_total,
    network_down AS network_down_total,
    users AS user_num_max,
    if(empty(observed), NULL, arrayAvg(gpu -> free8g[gpu] / observed[gpu], mapKeys(observed))) AS idle_rate_free8g,
    if(empty(observed), NULL, arrayAvg(gpu -> used10pct[gpu] / observed[gpu], mapKeys(observed))) AS idle_rate_used10pct,
    if(load1_known = 0, NULL, load1_sum / load1_known) AS load1_mean,
    if(swap_known = 0, NULL, swap_sum / swap_known) AS swap_used_avg
FROM
(
    SELECT
        toDateTime(toStartOfWeek(t.bucket, 1), {timezone}) AS bucket,
        t.server AS server,
        sum(t.samples) AS samples,
        sum(t.observed_ms) AS observed_ms,
        sum(t.cpu_ms) AS cpu_ms,
        quantilesExactWeightedMerge(0.5, 0.500000001)(t.cpu_median) AS cpu_middle,
        min(t.cpu_min) AS cpu_low,
        max(t.cpu_max) AS cpu_high,
        sum(t.memory_used_ms) AS memory_used_sum,
        max(t.memory_used_max) AS memory_high,
        max(t.memory_total) AS memory_size,
        sum(t.hdd_used_ms) AS hdd_used_sum,
        max(t.hdd_total) AS hdd_size,
        sum(t.network_up_total) AS network_up,
        sum(t.network_down_total) AS network_down,
        max(t.user_num_max) AS users,
        sumMap(t.gpu_observed_ms) AS observed,
        sumMap(t.gpu_free8g_ms) AS free8g,
        sumMap(t.gpu_used10pct_ms) AS used10pct,
        sum(t.load1_ms) AS load1_sum,
        sum(t.load1_known_ms) AS load1_known,
        sum(t.swap_used_ms) AS swap_sum,
        sum(t.swap_known_ms) AS swap_known
    FROM servers_day AS t
    GROUP BY server, bucket
)
WHERE samples > 0;

CREATE VIEW IF NOT EXISTS servers_by_month AS
SELECT
    bucket,
    server,
    samples,
    observed_ms / 1000 AS observed_s,
    least(1, observed_s / (toUnixTimestamp(addMonths(bucket, 1)) - toUnixTimestamp(bucket))) AS coverage,
    cpu_ms / observed_ms AS cpu_mean,
    arrayAvg(cpu_middle) / 2 AS cpu_median,
    cpu_low AS cpu_min,
    cpu_high AS cpu_max,
    memory_used_sum / observed_ms AS memory_used_avg,
    memory_high AS memory_used_max,
    memory_size AS memory_total,
    hdd_used_sum / observed_ms AS hdd_used_avg,
    hdd_size AS hdd_total,
    network_up AS network_up_total,
    network_down AS network_down_total,
    users AS user_num_max,
    if(empty(observed), NULL, arrayAvg(gpu -> free8g[gpu] / observed[gpu], mapKeys(observed))) AS idle_rate_free8g,
    if(empty(observed), NULL, arrayAvg(gpu -> used10pct[gpu] / observed[gpu], mapKeys(observed))) AS idle_rate_used10pct,
    if(load1_known = 0, NULL, load1_sum / load1_known) AS load1_mean,
    if(swap_known = 0, NULL, swap_sum / swap_known) AS swap_used_avg
FROM
(
    SELECT
        toDateTime(toStartOfMonth(t.bucket), {timezone}) AS bucket,
        t.server AS server,
        sum(t.samples) AS samples,
        sum(t.observed_ms) AS observed_ms,
        sum(t.cpu_ms) AS cpu_ms,
        quantilesExactWeightedMerge(0.5, 0.500000001)(t.cpu_median) AS cpu_middle,
        min(t.cpu_min) AS cpu_low,
        max(t.cpu_max) AS cpu_high,
        sum(t.memory_used_ms) AS memory_used_sum,
        max(t.memory_used_max) AS memory_high,
        max(t.memory_total) AS memory_size,
        sum(t.hdd_used_ms) AS hdd_used_sum,
        max(t.hdd_total) AS hdd_size,
        sum(t.network_up_total) AS network_up,
        sum(t.network_down_total) AS network_down,
        max(t.user_num_max) AS users,
        sumMap(t.gpu_observed_ms) AS observed,
        sumMap(t.gpu_free8g_ms) AS free8g,
        sumMap(t.gpu_used10pct_ms) AS used10pct,
        sum(t.load1_ms) AS load1_sum,
        sum(t.load1_known_ms) AS load1_known,
        sum(t.swap_used_ms) AS swap_sum,
        sum(t.swap_known_ms) AS swap_known
    FROM servers_day AS t
    GROUP BY server, bucket
)
WHERE samples > 0;

CREATE VIEW IF NOT EXISTS servers_by_year AS
SELECT
    bucket,
    server,
    samples,
    observed_ms / 1000 AS observed_s,
    least(1, observed_s / (toUnixTimestamp(addYears(bucket, 1)) - toUnixTimestamp(bucket))) AS coverage,
    cpu_ms / observed_ms AS cpu_mean,
    arrayAvg(cpu_middle) / 2 AS cpu_median,
    cpu_low AS cpu_min,
    cpu_high AS cpu_max,
    memory_used_sum / observed_ms AS memory_used_avg,
    memory_high AS memory_used_max,
    memory_size AS memory_total,
    hdd_used_sum / observed_ms AS hdd_used_avg,
    hdd_size AS hdd_total,
    network_up AS network_up_total,
    network_down AS network_down_total,
    users AS user_num_max,
    if(empty(observed), NULL, arrayAvg(gpu -> free8g[gpu] / observed[gpu], mapKeys(observed))) AS idle_rate_free8g,
    if(empty(observed), NULL, arrayAvg(gpu -> used10pct[gpu] / observed[gpu], mapKeys(observed))) AS idle_rate_used10pct,
    if(load1_known = 0, NULL, load1_sum / load1_known) AS load1_mean,
    if(swap_known = 0, NULL, swap_sum / swap_known) AS swap_used_avg
FROM
(
    SELECT
        toDateTime(toStartOfYear(t.bucket), {timezone}) AS bucket,
        t.server AS server,
        sum(t.samples) AS samples,
        sum(t.observed_ms) AS observed_ms,
        sum(t.cpu_ms) AS cpu_ms,
        quantilesExactWeightedMerge(0.5, 0.500000001)(t.cpu_median) AS cpu_middle,
        min(t.cpu_min) AS cpu_low,
        max(t.cpu_max) AS cpu_high,
        sum(t.memory_used_ms) AS memory_used_sum,
        max(t.memory_used_max) AS memory_high,
        max(t.memory_total) AS memory_size,
        sum(t.hdd_used_ms) AS hdd_used_sum,
        max(t.hdd_total) AS hdd_size,
        sum(t.network_up_total) AS network_up,
        sum(t.network_down_total) AS network_down,
        max(t.user_num_max) AS users,
        sumMap(t.gpu_observed_ms) AS observed,
        sumMap(t.gpu_free8g_ms) AS free8g,
        sumMap(t.gpu_used10pct_ms) AS used10pct,
        sum(t.load1_ms) AS load1_sum,
        sum(t.load1_known_ms) AS load1_known,
        sum(t.swap_used_ms) AS swap_sum,
        sum(t.swap_known_ms) AS swap_known
    FROM servers_day AS t
    GROUP BY server, bucket
)
WHERE samples > 0;

CREATE VIEW IF NOT EXISTS gpus_by_minute AS
SELECT
    bucket,
    c.server AS server,
    c.gpu AS gpu,
    nullIf(i.gpu_type, '') AS gpu_type,
    samples,
    observed_ms / 1000 AS observed_s,
    least(1, observed_s / (toUnixTimestamp(addMinutes(bucket, 1)) - toUnixTimestamp(bucket))) AS coverage,
    if(utilization_known = 0, NULL, utilization_sum / utilization_known) AS utilization_mean,
    memory_used_sum / observed_ms AS memory_used_avg,
    memory_high AS memory_used_max,
    memory_size AS memory_total,
    free8g / observed_ms AS idle_rate_free8g,
    used10pct / observed_ms AS idle_rate_used10pct,
    occupied_idle / observed_ms AS occupied_idle_rate,
    temperature_high AS temperature_max,
    if(power_known = 0, NULL, power_sum / power_known) AS power_mean
FROM
(
    SELECT
        t.bucket AS bucket,
        t.server AS server,
        t.gpu AS gpu,
        sum(t.samples) AS samples,
        sum(t.observed_ms) AS observed_ms,
        sum(t.utilization_ms) AS utilization_sum,
        sum(t.utilization_known_ms) AS utilization_known,
        sum(t.memory_used_ms) AS memory_used_sum,
        max(t.memory_used_max) AS memory_high,
        max(t.memory_total) AS memory_size,
        sum(t.free8g_ms) AS free8g,
        sum(t.used10pct_ms) AS used10pct,
        sum(t.occupied_idle_ms) AS occupied_idle,
        max(t.temperature_max) AS temperature_high,
        sum(t.power_ms) AS power_sum,
        sum(t.power_known_ms) AS power_known
    FROM gpus_minute AS t
    GROUP BY server, gpu, bucket
) AS c
LEFT JOIN gpu_types AS i ON i.server = c.server AND i.gpu = c.gpu;

CREATE VIEW IF NOT EXISTS gpus_by_hour AS
SELECT
    bucket,
    c.server AS server,
    c.gpu AS gpu,
    nullIf(i.gpu_type, '') AS gpu_type,
    samples,
    observed_ms / 1000 AS observed_s,
    least(1, observed_s / (toUnixTimestamp(addHours(bucket, 1)) - toUnixTimestamp(bucket))) AS coverage,
    if(utilization_known = 0, NULL, utilization_sum / utilization_known) AS utilization_mean,
    memory_used_sum / observed_ms AS memory_used_avg,
    memory_high AS memory_used_max,
    memory_size AS memory_total,
    free8g / observed_ms AS idle_rate_free8g,
    used10pct / observed_ms AS idle_rate_used10pct,
    occupied_idle / observed_ms AS occupied_idle_rate,
    temperature_high AS temperature_max,
    if(power_known = 0, NULL, power_sum / power_known) AS power_mean
FROM
(
    SELECT
        t.bucket AS bucket,
        t.server AS server,
        t.gpu AS gpu,
        sum(t.samples) AS samples,
        sum(t.observed_ms) AS observed_ms,
        sum(t.utilization_ms) AS utilization_sum,
        sum(t.utilization_known_ms) AS utilization_known,
        sum(t.memory_used_ms) AS memory_used_sum,
        max(t.memory_used_max) AS memory_high,
        max(t.memory_total) AS memory_size,
        sum(t.free8g_ms) AS free8g,
        sum(t.used10pct_ms) AS used10pct,
        sum(t.occupied_idle_ms) AS occupied_idle,
        max(t.temperature_max) AS temperature_high,
        sum(t.power_ms) AS power_sum,
        sum(t.power_known_ms) AS power_known
    FROM gpus_hour AS t
    GROUP BY server, gpu, bucket
) AS c
LEFT JOIN gpu_types AS i ON i.server = c.server AND i.gpu = c.gpu;

CREATE VIEW IF NOT EXISTS gpus_by_day AS
SELECT
    bucket,
    c.server AS server,
    c.gpu AS gpu,
    nullIf(i.gpu_type, '') AS gpu_type,
    samples,
    observed_ms / 1000 AS observed_s,
    least(1, observed_s / (toUnixTimestamp(addDays(bucket, 1)) - toUnixTimestamp(bucket))) AS coverage,
    if(utilization_known = 0, NULL, utilization_sum / utilization_known) AS utilization_mean,
    memory_used_sum / observed_ms AS memory_used_avg,
    memory_high AS memory_used_max,
    memory_size AS memory_total,
    free8g / observed_ms AS idle_rate_free8g,
    used10pct / observed_ms AS idle_rate_used10pct,
    occupied_idle / observed_ms AS occupied_idle_rate,
    temperature_high AS temperature_max,
    if(power_known = 0, NULL, power_sum / power_known) AS power_mean
FROM
(
    SELECT
        t.bucket AS bucket,
        t.server AS server,
        t.gpu AS gpu,
        sum(t.samples) AS samples,
        sum(t.observed_ms) AS observed_ms,
        sum(t.utilization_ms) AS utilization_sum,
        sum(t.utilization_known_ms) AS utilization_known,
        sum(t.memory_used_ms) AS memory_used_sum,
        max(t.memory_used_max) AS memory_high,
        max(t.memory_total) AS memory_size,
        sum(t.free8g_ms) AS free8g,
        sum(t.used10pct_ms) AS used10pct,
        sum(t.occupied_idle_ms) AS occupied_idle,
        max(t.temperature_max) AS temperature_high,
        sum(t.power_ms) AS power_sum,
        sum(t.power_known_ms) AS power_known
    FROM gpus_day AS t
    GROUP BY server, gpu, bucket
) AS c
LEFT JOIN gpu_types AS i ON i.server = c.server AND i.gpu = c.gpu;

CREATE VIEW IF NOT EXISTS gpus_by_week AS
SELECT
    bucket,
    c.server AS server,
    c.gpu AS gpu,
    nullIf(i.gpu_type, '') AS gpu_type,
    samples,
    observed_ms / 1000 AS observed_s,
    least(1, observed_s / (toUnixTimestamp(addWeeks(bucket, 1)) - toUnixTimestamp(bucket))) AS coverage,
    if(utilization_known = 0, NULL, utilization_sum / utilization_known) AS utilization_mean,
    memory_used_sum / observed_ms AS memory_used_avg,
    memory_high AS memory_used_max,
    memory_size AS memory_total,
    free8g / observed_ms AS idle_rate_free8g,
    used10pct / observed_ms AS idle_rate_used10pct,
    occupied_idle / observed_ms AS occupied_idle_rate,
    temperature_high AS temperature_max,
    if(power_known = 0, NULL, power_sum / power_known) AS power_mean
FROM
(
    SELECT
        toDateTime(toStartOfWeek(t.bucket, 1), {timezone}) AS bucket,
        t.server AS server,
        t.gpu AS gpu,
        sum(t.samples) AS samples,
        sum(t.observed_ms) AS observed_ms,
        sum(t.utilization_ms) AS utilization_sum,
        sum(t.utilization_known_ms) AS utilization_known,
        sum(t.memory_used_ms) AS memory_used_sum,
        max(t.memory_used_max) AS memory_high,
        max(t.memory_total) AS memory_size,
        sum(t.free8g_ms) AS free8g,
        sum(t.used10pct_ms) AS used10pct,
        sum(t.occupied_idle_ms) AS occupied_idle,
        max(t.temperature_max) AS temperature_high,
        sum(t.power_ms) AS power_sum,
        sum(t.power_known_ms) AS power_known
    FROM gpus_day AS t
    GROUP BY server, gpu, bucket
) AS c
LEFT JOIN gpu_types AS i ON i.server = c.server AND i.gpu = c.gpu;

CREATE VIEW IF NOT EXISTS gpus_by_month AS
SELECT
    bucket,
    c.server AS server,
    c.gpu AS gpu,
    nullIf(i.gpu_type, '') AS gpu_type,
    samples,
    observed_ms / 1000 AS observed_s,
    least(1, observed_s / (toUnixTimestamp(addMonths(bucket, 1)) - toUnixTimestamp(bucket))) AS coverage,
    if(utilization_known = 0, NULL, utilization_sum / utilization_known) AS utilization_mean,
    memory_used_sum / observed_ms AS memory_used_avg,
    memory_high AS memory_used_max,
    memory_size AS memory_total,
    free8g / observed_ms AS idle_rate_free8g,
    used10pct / observed_ms AS idle_rate_used10pct,
    occupied_idle / observed_ms AS occupied_idle_rate,
    temperature_high AS temperature_max,
    if(power_known = 0, NULL, power_sum / power_known) AS power_mean
FROM
(
    SELECT
        toDateTime(toStartOfMonth(t.bucket), {timezone}) AS bucket,
        t.server AS server,
        t.gpu AS gpu,
        sum(t.samples) AS samples,
        sum(t.observed_ms) AS observed_ms,
        sum(t.utilization_ms) AS utilization_sum,
        sum(t.utilization_known_ms) AS utilization_known,
        sum(t.memory_used_ms) AS memory_used_sum,
        max(t.memory_used_max) AS memory_high,
        max(t.memory_total) AS memory_size,
        sum(t.free8g_ms) AS free8g,
        sum(t.used10pct_ms) AS used10pct,
        sum(t.occupied_idle_ms) AS occupied_idle,
        max(t.temperature_max) AS temperature_high,
        sum(t.power_ms) AS power_sum,
        sum(t.power_known_ms) AS power_known
    FROM gpus_day AS t
    GROUP BY server, gpu, bucket
) AS c
LEFT JOIN gpu_types AS i ON i.server = c.server AND i.gpu = c.gpu;

CREATE VIEW IF NOT EXISTS gpus_by_year AS
SELECT
    bucket,
    c.server AS server,
    c.gpu AS gpu,
    nullIf(i.gpu_type, '') AS gpu_type,
    samples,
    observed_ms / 1000 AS observed_s,
    least(1, observed_s / (toUnixTimestamp(addYears(bucket, 1)) - toUnixTimestamp(bucket))) AS coverage,
    if(utilization_known = 0, NULL, utilization_sum / utilization_known) AS utilization_mean,
    memory_used_sum / observed_ms AS memory_used_avg,
    memory_high AS memory_used_max,
    memory_size AS memory_total,
    free8g / observed_ms AS idle_rate_free8g,
    used10pct / observed_ms AS idle_rate_used10pct,
    occupied_idle / observed_ms AS occupied_idle_rate,
    temperature_high AS temperature_max,
    if(power_known = 0, NULL, power_sum / power_known) AS power_mean
FROM
(
    SELECT
        toDateTime(toStartOfYear(t.bucket), {timezone}) AS bucket,
        t.server AS server,
        t.gpu AS gpu,
        sum(t.samples) AS samples,
        sum(t.observed_ms) AS observed_ms,
        sum(t.utilization_ms) AS utilization_sum,
        sum(t.utilization_known_ms) AS utilization_known,
        sum(t.memory_used_ms) AS memory_used_sum,
        max(t.memory_used_max) AS memory_high,
        max(t.memory_total) AS memory_size,
        sum(t.free8g_ms) AS free8g,
        sum(t.used10pct_ms) AS used10pct,
        sum(t.occupied_idle_ms) AS occupied_idle,
        max(t.temperature_max) AS temperature_high,
        sum(t.power_ms) AS power_sum,
        sum(t.power_known_ms) AS power_known
    FROM gpus_day AS t
    GROUP BY server, gpu, bucket
) AS c
LEFT JOIN gpu_types AS i ON i.server = c.server AND i.gpu = c.gpu;

CREATE VIEW IF NOT EXISTS users_by_hour AS
SELECT
    t.bucket AS bucket,
    t.user AS user,
    sum(t.held_ms) / 3600000 AS gpu_hours,
    sum(t.fair_ms) / 3600000 AS gpu_hours_fair,
    sum(t.idle_ms) / 3600000 AS idle_hours
FROM users_hour AS t
GROUP BY user, bucket;

CREATE VIEW IF NOT EXISTS users_by_day AS
SELECT
    t.bucket AS bucket,
    t.user AS user,
    sum(t.held_ms) / 3600000 AS gpu_hours,
    sum(t.fair_ms) / 3600000 AS gpu_hours_fair,
    sum(t.idle_ms) / 3600000 AS idle_hours
FROM users_day AS t
GROUP BY user, bucket;

CREATE VIEW IF NOT EXISTS users_by_month AS
SELECT
    toDateTime(toStartOfMonth(t.bucket), {timezone}) AS bucket,
    t.user AS user,
    sum(t.held_ms) / 3600000 AS gpu_hours,
    sum(t.fair_ms) / 3600000 AS gpu_hours_fair,
    sum(t.idle_ms) / 3600000 AS idle_hours
FROM users_day AS t
GROUP BY user, bucket;
