-- SPDX-License-Identifier: Apache-2.0
-- Whether the rules for rows hold for this connection: not for the owner, superusers and who may pass by (F191).
SELECT row_security_active('receiptd.message');
