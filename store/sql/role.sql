-- SPDX-License-Identifier: Apache-2.0
-- From now on this connection may do no more than the role may, where there is one and it is granted to
-- whoever connected; to be the role alone is not enough when the schema was made without it. Who stores must
-- not be subject to rules for rows, which forbid COPY: a role that is (migration 0015) is not taken.
--   $1 text  role
SELECT set_config('role', r.rolname, false)
FROM pg_roles AS r
WHERE r.rolname = $1
  AND (r.rolname <> 'receiptd_ingest' OR r.rolbypassrls)
  AND has_table_privilege(r.oid, 'receiptd.receiptd_migration', 'SELECT')
  AND pg_has_role(current_user, r.oid,
                  CASE WHEN current_setting('server_version_num')::int4 >= 160000 THEN 'SET' ELSE 'MEMBER' END);
