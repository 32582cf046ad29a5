-- SPDX-License-Identifier: Apache-2.0
-- Waits for whoever is writing what is sealed by its time: what comes later has a later one.
LOCK TABLE access_log, report, erasure IN SHARE MODE;
