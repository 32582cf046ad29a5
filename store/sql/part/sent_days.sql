-- SPDX-License-Identifier: Apache-2.0
-- Days of one conversation that are opened.
              AND (a.sent_at BETWEEN $13::timestamptz AND $14::timestamptz
                   OR a.sent_at BETWEEN $15::timestamptz AND $16::timestamptz
                   OR a.sent_at BETWEEN $17::timestamptz AND $18::timestamptz
                   OR a.sent_at BETWEEN $19::timestamptz AND $20::timestamptz
                   OR a.sent_at BETWEEN $21::timestamptz AND $22::timestamptz
                   OR a.sent_at BETWEEN $23::timestamptz AND $24::timestamptz)
