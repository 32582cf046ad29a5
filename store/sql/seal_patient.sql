-- SPDX-License-Identifier: Apache-2.0
-- The connection beside the one that reads waits while the server sorts a day, which may take minutes. It holds no lane:
-- nobody waits for it.
SELECT set_config('idle_in_transaction_session_timeout', '0', false);
