-- @only server
-- Ad hoc SQL on a real server: a user without a password from this host alone, who may read this database and no more.
-- `readonly = 1` also keeps the limits from being changed. The embedded engine has no users; its listener guards itself.
CREATE SETTINGS PROFILE IF NOT EXISTS vacancy_reader SETTINGS
    readonly = 1,
    max_execution_time = 30,
    max_memory_usage = 2000000000,
    max_result_rows = 1000000,
    result_overflow_mode = 'break';

CREATE USER IF NOT EXISTS vacancy_reader IDENTIFIED WITH no_password HOST LOCAL SETTINGS PROFILE 'vacancy_reader';

GRANT SELECT, SHOW ON {database}.* TO vacancy_reader;
