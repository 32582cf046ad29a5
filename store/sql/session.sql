-- SPDX-License-Identifier: Apache-2.0
-- Settings of every connection; the first statement after connecting, so it names no table.
--   $1 text  'on': this connection never writes
--   $2 text  milliseconds in which a writer inside a transaction must ask again
--   $3 text  whose rows it sees, as in see.sql
SELECT set_config('search_path', 'pg_catalog, receiptd, pg_temp', false),
       set_config('default_transaction_read_only', $1, false),
       set_config('TimeZone', 'UTC', false),
       set_config('receiptd.domains', $3, false),
       set_config('jit', 'off', false),
       set_config('client_min_messages', 'warning', false),
       -- Figures of a month sort and group some megabytes: not by files.
       CASE WHEN $1 = 'on' AND pg_size_bytes(current_setting('work_mem')) < 16777216
            THEN set_config('work_mem', '16MB', false) END,
       -- A writer that was frozen inside a transaction must not hold its lane for ever (F86).
       CASE WHEN $1 = 'off'
            THEN set_config('idle_in_transaction_session_timeout', $2, false) END,
       -- A batch that waits for a lock must not go on after its client is gone.
       CASE WHEN current_setting('server_version_num')::int4 >= 140000
            THEN set_config('client_connection_check_interval', '10s', false) END;
