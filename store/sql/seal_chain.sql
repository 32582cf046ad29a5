-- SPDX-License-Identifier: Apache-2.0
-- All seals in order.
SELECT s.number, s.day, s.after_commit, s.upto_commit, s.since, s.until, s.leaves, s.root, s.head, s.signature,
       s.ssh_signature
FROM seal AS s
ORDER BY s.number;
