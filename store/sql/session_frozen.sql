-- SPDX-License-Identifier: Apache-2.0
-- Ends writers that hold a lane and wait for a client that does not come: one frozen in the middle of a
-- COPY, or while it is sent an answer, is "active", and no time limit of the server ends that wait (F86).
--   $1 text  milliseconds after which a statement of a batch waits for nobody
SELECT count(pg_terminate_backend(a.pid))
FROM pg_stat_activity AS a
WHERE a.datname = current_database() AND a.usename = session_user
  AND a.application_name = 'receiptd ingest' AND a.pid <> pg_backend_pid()
  AND a.state = 'active' AND a.wait_event IN ('ClientRead', 'ClientWrite')
  AND a.query_start < clock_timestamp() - $1::text::int8 * interval '1 ms'
  AND EXISTS (SELECT FROM pg_locks AS k
              WHERE k.pid = a.pid AND k.granted AND k.relation = to_regclass('receiptd.lane'));
