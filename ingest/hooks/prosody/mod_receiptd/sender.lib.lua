-- SPDX-License-Identifier: Apache-2.0
-- Takes batches from the queue and gives them to the receiver, at most one at a time. What was not answered with
-- 2xx is sent again under the same delivery id. It knows no sockets and no timers of its own.

local s_format, s_match = string.format, string.match;
local min, max, floor = math.min, math.max, math.floor;

local linger = 0.3; -- seconds that a first item waits for company
local back_off_first, back_off_most = 0.5, 60;
local slow_retry = 60; -- when only an operator can help
local retry_after_most = 600;
local deadline = 60; -- seconds a request may take
local patience = 5; -- single items refused one after the other without delay

local sender = {};
sender.__index = sender;

-- Keeps many servers from coming back at one instant.
local function jitter(self, seconds)
	return seconds * (0.75 + self.random() * 0.5);
end

local function back_off(self, times)
	local seconds = min(back_off_most, back_off_first * 2 ^ min(times, 20));
	return max(back_off_first, min(back_off_most, jitter(self, seconds)));
end

local function again_in(self, seconds)
	if self.timer then self.timer:stop(); end
	self.timer = self.later(seconds, function ()
		self.timer = nil;
		self:send();
	end);
end

local function next_batch(self)
	local queue = self.queue;
	local most = self.max_items;
	-- The first item of this run goes alone: when it is called a duplicate, the receiver knows these numbers
	-- from another life of the queue (its folder was removed, a disk lost what it had promised).
	local probe = self.probe;
	if probe then
		local before = probe - queue.acked - 1;
		most = before > 0 and min(most, before) or 1;
	end
	local body, first, count = queue:peek(most, self.max_bytes);
	if not body then return nil; end
	self.batches = self.batches + 1;
	return {
		body = body, bytes = #body, first = first, last = first + count - 1, count = count;
		id = s_format("%s-%d-%d-%d", self.run, first, first + count - 1, self.batches);
	};
end

local function has_recovered(self)
	self.failures, self.heard = 0, self.clock();
	if self.failing then
		self.failing = false;
		self.log("info", "receiver takes the feed again; %d items wait", self.queue:count());
	end
end

local function has_gone(self, batch)
	self.batch = nil;
	self.max_items = min(self.most_items, self.max_items * 2);
	if self.probe and batch.last >= self.probe then self.probe = nil; end
	self.queue:ack(batch.last, batch.bytes);
	has_recovered(self);
end

-- The numbers are taken: this item and all after it get a numbering of their own.
local function renumber(self, batch)
	local stream = s_format("%s.%d", self.stream_name, floor(self.clock()));
	self.log("warn", "the receiver knows number %d of stream %s from before; the numbering goes on as stream %s",
		batch.first, self.stream, stream);
	self.stream, self.probe, self.batch = stream, nil, nil;
	self.queue:set_stream(stream);
end

local function taken(self, batch, content)
	if batch.empty then
		self.batch = nil;
		has_recovered(self);
		return self:wake();
	end
	local answer = self.decode(content or "");
	answer = type(answer) == "table" and answer or {};
	if self.probe == batch.first and batch.count == 1 and answer.duplicates == 1 and not batch.repeated then
		renumber(self, batch);
		return self:send();
	end
	if not batch.gap then
		self.refused = 0;
		self.count("sent", batch.count);
	end
	local quarantined = tonumber(answer.quarantined) or 0;
	if quarantined > 0 then
		self.count("quarantined", quarantined);
		self.complain("quarantined", "the receiver cannot read %d of %d items (first: %s)", quarantined, batch.count,
			type(answer.items) == "table" and answer.items[1] and answer.items[1].detail or "no detail");
	end
	has_gone(self, batch);
	return self:wake();
end

-- In its place, under its number, the receiver learns that it is lost.
local function gap_for(batch)
	local ts = s_match(batch.body, '"ts":"([^"]*)"');
	return s_format('{"seq":%d,"ts":"%s","gap":"refused by the receiver","lost":1,"since":"%s"}\n', batch.first, ts, ts);
end

local function refused(self, batch, code)
	if batch.empty then -- a receiver that knows no empty deliveries
		self.batch, self.heard = nil, self.clock();
		return self:wake();
	end
	if batch.count > 1 then
		self.max_items = max(1, floor(batch.count / 2));
		self.batch = nil;
		return self:send();
	end
	if batch.gap then -- not even that: its number stays a hole, and holes are counted
		has_gone(self, batch);
		return self:wake();
	end
	self.refused = self.refused + 1;
	self.complain("refused", "the receiver refuses one item (number %d, %d bytes) with %d: dropped", batch.first,
		batch.bytes, code);
	self.count("refused", 1);
	batch.body, batch.id, batch.gap = gap_for(batch), batch.id .. "-gap", true;
	if self.refused <= patience then return self:send(); end
	return again_in(self, back_off(self, self.refused - patience)); -- more likely it is no receiver at all
end

local function failed(self, what, seconds)
	self.failing = true;
	self.count("failures", 1);
	self.complain("feed", "%s; %d items wait, next try in %.1f s", what, self.queue:count(), seconds);
	return again_in(self, seconds);
end

local function retry_after(response)
	local seconds = response and response.headers and tonumber(response.headers["retry-after"]);
	return seconds and seconds >= 0 and min(retry_after_most, seconds) or nil;
end

local function answered(self, batch, content, code, response)
	if code >= 200 and code < 300 then return taken(self, batch, content); end
	batch.repeated = true;
	if code == 400 or code == 413 or code == 415 then return refused(self, batch, code); end
	if code == 401 or code == 403 then
		self.renew_token();
		return failed(self, s_format("the receiver does not accept the token (%d): set receiptd_token or "
			.. "receiptd_token_file to one with the scope feed", code), jitter(self, slow_retry));
	end
	if code >= 300 and code < 500 and code ~= 408 and code ~= 429 then
		return failed(self, s_format("answer %d: receiptd_url is not the feed of a receiptd", code), jitter(self, slow_retry));
	end
	local what = code == 0 and s_format("cannot reach the receiver (%s)", tostring(content)) or s_format("answer %d", code);
	local wait = back_off(self, self.failures);
	self.failures = self.failures + 1;
	return failed(self, what, max(wait, retry_after(response) or 0));
end

local function headers_of(self, batch)
	local token = self.token();
	return {
		["Content-Type"] = "application/x-ndjson";
		["Authorization"] = token and ("Bearer " .. token) or nil;
		["webhook-id"] = batch.id;
		["feed-stream"] = self.stream;
	};
end

-- Sends what is there, unless something is under way or has to be waited for.
function sender:send()
	if self.busy or self.timer or self.stopped then return; end
	local batch = self.batch or next_batch(self);
	if not batch then return; end
	self.batch, self.busy = batch, true;
	local done = false;
	local late, cancel;
	local function finish(content, code, response)
		if done then return; end
		done, self.busy = true, false;
		late:stop();
		if self.stopped then return; end
		answered(self, batch, content, code, response);
	end
	late = self.later(deadline, function ()
		if cancel then cancel(); end
		finish("no answer within " .. deadline .. " s", 0);
	end);
	cancel = self.post(batch.body, headers_of(self, batch), finish);
end

-- Called now and then; after some seconds of silence an empty delivery says that there was nothing. That must
-- be true: nothing waits, and nothing is lost unsaid.
function sender:tick()
	local queue = self.queue;
	if self.busy or self.timer or self.stopped or self.batch or queue:count() > 0 or queue.lost
	or self.clock() - self.heard < self.heartbeat then
		return self:wake();
	end
	self.batches = self.batches + 1;
	self.batch = { body = "", bytes = 0, count = 0, empty = true, id = s_format("%s-%d", self.run, self.batches) };
	return self:send();
end

-- Something is in the queue, or nothing is under way any more.
function sender:wake()
	local count = self.queue:count();
	if self.busy or self.timer or self.stopped or count == 0 then return; end
	if count >= self.max_items then return self:send(); end
	again_in(self, linger);
end

function sender:stop()
	self.stopped = true;
	if self.timer then self.timer:stop(); end
end

-- options: queue, stream, run (a name for this run), post(body, headers, done) (returns a function that gives
-- up; done(content, code, response), code 0 = no answer), later(seconds, f) (with stop), clock(), random(),
-- heartbeat (seconds), token(), renew_token(), decode(json), log(level, ...), complain(kind, format, ...), count(what, n).
local function new(options)
	local self = setmetatable({
		queue = options.queue, stream_name = options.stream, run = options.run, post = options.post;
		later = options.later, clock = options.clock, random = options.random, token = options.token;
		heartbeat = options.heartbeat or 5, renew_token = options.renew_token, decode = options.decode, log = options.log;
		complain = options.complain, count = options.count;
		most_items = options.max_items or 500, max_bytes = options.max_bytes or 131072;
		batches = 0, failures = 0, refused = 0, heard = options.clock();
	}, sender);
	self.max_items = self.most_items;
	self.stream = options.queue.stream or options.stream;
	self.probe = options.queue.found + 1;
	return self;
end

return { new = new };
