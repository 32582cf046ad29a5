-- SPDX-License-Identifier: Apache-2.0
-- Names that are looked up once: most names of a page are those that were asked about.
CROSS JOIN (
      SELECT (SELECT j.jid FROM jid AS j WHERE j.id = $3) AS one,
             (SELECT j.jid FROM jid AS j WHERE j.id = $4) AS other
      OFFSET 0) AS asked
