-- SPDX-License-Identifier: Apache-2.0
-- Facts of these parts changed.
COPY settle_unit (conv, day, realm, lo, hi, reaches)
FROM STDIN (FORMAT binary)
