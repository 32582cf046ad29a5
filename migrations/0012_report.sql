-- SPDX-License-Identifier: Apache-2.0
-- Reports of days, weeks and months: what they said, the bytes of their files, and whether they were sent.

CREATE TABLE report (
	realm          int4 NOT NULL,
	period         text NOT NULL CHECK (period IN ('day', 'week', 'month')),
	day            date NOT NULL,
	zone           text NOT NULL,
	revision       int4 NOT NULL CHECK (revision > 0),
	made_at        timestamptz NOT NULL,
	complete_until timestamptz,
	incomplete     boolean NOT NULL,
	final          boolean NOT NULL,
	figures        text
);
CREATE UNIQUE INDEX report_key ON report (realm, period, day, zone, revision);
COMMENT ON TABLE report IS
	'Reports that were made. A revision is never changed: other figures of the same period are the next one (F164)';
COMMENT ON COLUMN report.realm IS 'realm.id';
COMMENT ON COLUMN report.period IS 'day, week (Monday to Sunday) or month';
COMMENT ON COLUMN report.day IS 'First civil day of the period in its zone';
COMMENT ON COLUMN report.zone IS 'Time zone whose days these are, as it was asked for';
COMMENT ON COLUMN report.revision IS '1, 2, 3: greatest + 1 under an advisory lock';
COMMENT ON COLUMN report.made_at IS 'Clock of the host that made it';
COMMENT ON COLUMN report.complete_until IS 'Watermark of the input when it was made; null: nothing had been read';
COMMENT ON COLUMN report.incomplete IS 'A gap, unread input, or a period that was not over';
COMMENT ON COLUMN report.final IS 'Nothing that was still to come could change its rates (F8)';
COMMENT ON COLUMN report.figures IS
	'What is compared with later figures: JSON of counts, rates and times, no names; null: retention took it';
COMMENT ON INDEX report_key IS 'Identity; the newest revision of a period';

CREATE TABLE report_file (
	realm    int4 NOT NULL,
	period   text NOT NULL,
	day      date NOT NULL,
	zone     text NOT NULL,
	revision int4 NOT NULL,
	format   text NOT NULL CHECK (format IN ('html', 'json', 'csv')),
	name     text NOT NULL,
	bytes    int8 NOT NULL,
	sha256   bytea NOT NULL,
	content  bytea
);
CREATE UNIQUE INDEX report_file_key ON report_file (realm, period, day, zone, revision, format);
COMMENT ON TABLE report_file IS 'Files of reports: digests (leaves of the seal) and, as long as they are kept, bytes';
COMMENT ON COLUMN report_file.realm IS 'As report';
COMMENT ON COLUMN report_file.period IS 'As report';
COMMENT ON COLUMN report_file.day IS 'As report';
COMMENT ON COLUMN report_file.zone IS 'As report';
COMMENT ON COLUMN report_file.revision IS 'As report';
COMMENT ON COLUMN report_file.format IS 'html, json or csv: three forms of one content';
COMMENT ON COLUMN report_file.name IS 'Name in the folder of reports, without a path';
COMMENT ON COLUMN report_file.bytes IS 'Its size';
COMMENT ON COLUMN report_file.sha256 IS 'Its digest';
COMMENT ON COLUMN report_file.content IS
	'Its bytes, so that a lost file comes back as it was; null: taken out by retention or an erasure. May name people';
COMMENT ON INDEX report_file_key IS 'Identity';

CREATE TABLE report_delivery (
	realm    int4 NOT NULL,
	period   text NOT NULL,
	day      date NOT NULL,
	zone     text NOT NULL,
	revision int4 NOT NULL,
	way      text NOT NULL CHECK (way IN ('hook', 'mail')),
	tries    int4 NOT NULL DEFAULT 0,
	next_at  timestamptz,
	done_at  timestamptz,
	problem  text
);
CREATE UNIQUE INDEX report_delivery_key ON report_delivery (realm, period, day, zone, revision, way);
COMMENT ON TABLE report_delivery IS 'Reports that a hook or a mail was to take: what was tried, what waits';
COMMENT ON COLUMN report_delivery.realm IS 'As report';
COMMENT ON COLUMN report_delivery.period IS 'As report';
COMMENT ON COLUMN report_delivery.day IS 'As report';
COMMENT ON COLUMN report_delivery.zone IS 'As report';
COMMENT ON COLUMN report_delivery.revision IS 'As report';
COMMENT ON COLUMN report_delivery.way IS 'hook (a program) or mail (sendmail)';
COMMENT ON COLUMN report_delivery.tries IS 'How often it was tried';
COMMENT ON COLUMN report_delivery.next_at IS 'When it is tried again; null: done, or given up';
COMMENT ON COLUMN report_delivery.done_at IS 'When it succeeded; null: not yet';
COMMENT ON COLUMN report_delivery.problem IS 'Why the last try failed; null: it did not';
COMMENT ON INDEX report_delivery_key IS 'Identity; what waits is few rows';

-- Who only reads gets no more than before: reports are read through the API, which records who did.
CALL grant_roles();
