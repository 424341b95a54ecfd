-- @only server
-- A result over the limit is an error, as in the embedded engine: one that was cut looks like a whole one.
ALTER SETTINGS PROFILE vacancy_reader SETTINGS
    readonly = 1,
    max_execution_time = 30,
    max_memory_usage = 2000000000,
    max_result_rows = 1000000,
    result_overflow_mode = 'throw',
    timeout_overflow_mode = 'throw';
