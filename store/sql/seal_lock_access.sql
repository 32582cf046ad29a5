-- SPDX-License-Identifier: Apache-2.0
-- Waits for whoever is writing to the access log: what comes later has a later time.
LOCK TABLE access_log IN SHARE MODE;
