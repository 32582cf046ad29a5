-- SPDX-License-Identifier: Apache-2.0
-- A bounded queue of JSON lines on disk. Items are numbered without holes and stay until they are acknowledged,
-- over restarts too. A segment is a file named by the number of its first item; only whole lines in it count.
-- Nothing is ever overwritten: when the queue is full, what comes is dropped and counted, and the count becomes
-- an item as soon as there is room.

local s_find, s_format, s_match, s_sub = string.find, string.format, string.match, string.sub;
local t_concat, t_insert, t_remove, t_sort = table.concat, table.insert, table.remove, table.sort;
local unpack = table.unpack or unpack; -- luacheck: ignore 113 -- Lua before 5.2
local floor = math.floor;

local block = 65536; -- bytes read at once when a segment is looked through
local gap_room = 1024; -- more than a gap item takes
local memory_limit = 1048576; -- what may wait in memory while the disk refuses it
local line_end = '"}\n';
local pieces = 3; -- of a line that waits in memory
local recent_limit = 262144; -- bytes that are written and kept in memory until they are acknowledged
local memory_pieces = 3000; -- a list that grew beyond is made anew
local retry_after = 1; -- seconds until a disk that refused is asked again

local queue = {};
queue.__index = queue;

local function segment_path(self, first)
	return s_format("%s/%016d.ndjson", self.folder, first);
end

--- The state file: what is acknowledged, what was dropped and is not said yet.

local function read_state(self)
	local state = {};
	local file = self.fs.open(self.folder .. "/state", "rb");
	if not file then return state; end
	for line in file:lines() do
		local key, value = s_match(line, "^(%l+) (.*)$");
		if key then state[key] = value; end
	end
	file:close();
	return state;
end

local function try_write_state(self, path)
	local file, err = self.fs.open(path, "wb");
	if not file then return nil, err; end
	local lost = self.lost;
	local text = s_format("acked %d\nlost %d\n", self.acked, lost and lost.count or 0);
	if self.stream then text = text .. "stream " .. self.stream .. "\n"; end
	if lost then text = text .. "since " .. lost.since .. "\ncause " .. lost.cause .. "\n"; end
	local ok, failed = file:write(text);
	file:close(); -- of a file that could not be written it fails once more
	if not ok then return nil, failed; end
	return self.fs.rename(path, self.folder .. "/state");
end

local function write_state(self)
	local ok, err = try_write_state(self, self.folder .. "/state.new");
	if not ok then self.complain("state", "cannot write %s/state: %s", self.folder, err); end
	self.state_lost = self.lost and self.lost.count or 0;
end

--- Segments as they are found.

-- Calls each(line, start) for every whole line from an offset on; returns where the whole lines end and how
-- many bytes there are, or nothing when it cannot be read.
local function look_through(self, path, offset, each)
	local file, err = self.fs.open(path, "rb");
	if not file then
		self.complain("read", "cannot read %s: %s", path, err);
		return nil;
	end
	file:seek("set", offset);
	local rest, at = "", offset;
	while true do
		local data = file:read(block);
		if not data then break; end
		data = rest .. data;
		local from = 1;
		while true do
			local stop = s_find(data, "\n", from, true);
			if not stop then break; end
			each(s_sub(data, from, stop), at + from - 1);
			from = stop + 1;
		end
		at = at + from - 1;
		rest = s_sub(data, from);
	end
	file:close();
	return at, at + #rest;
end

local function find_segments(self)
	for name in self.fs.dir(self.folder) do
		local first = s_match(name, "^(%d+)%.ndjson$");
		if first then
			local path = self.folder .. "/" .. name;
			t_insert(self.segments, {
				first = tonumber(first), path = path, offset = 0,
				size = self.fs.size(path) or 0;
			});
		end
	end
	t_sort(self.segments, function (a, b) return a.first < b.first; end);
end

local function forget_segment(self, segment)
	local ok, err = self.fs.remove(segment.path);
	if not ok then self.complain("remove", "cannot remove %s: %s", segment.path, err); end
	self.bytes = self.bytes - segment.size;
end

local function set_read_file(self, segment)
	if self.read_file then self.read_file:close(); end
	self.read_file = segment and self.fs.open(segment.path, "rb");
	self.read_segment = self.read_file and segment;
end

-- Segments that are acknowledged as a whole go; but for the one that is still written to.
local function tidy(self)
	while self.segments[1] do
		local segment = self.segments[1];
		if segment == self.write_segment then break; end
		if segment.offset < segment.whole then break; end
		set_read_file(self, nil);
		forget_segment(self, segment);
		t_remove(self.segments, 1);
	end
end

-- What the last run left: where whole lines end, the highest number, whether a line is torn.
local function take_over(self)
	local last_ts, torn = nil, false;
	for _, segment in ipairs(self.segments) do
		local seq = segment.first - 1;
		local whole, size = look_through(self, segment.path, 0, function (line, start)
			seq = tonumber(s_match(line, '^{"seq":(%d+),')) or seq + 1;
			if seq <= self.acked then segment.offset = start + #line; end
			last_ts = s_match(line, '"ts":"([^"]*)"') or last_ts;
		end);
		segment.whole, segment.size = whole or 0, size or segment.size;
		segment.last = seq;
		self.next = math.max(self.next, seq + 1);
		torn = whole ~= size; -- an earlier one was torn in an earlier run, and was said then
		self.bytes = self.bytes + segment.size;
	end
	tidy(self);
	if torn then
		self:lose(1, last_ts or self.now(), "queue cut");
	end
end

--- Writing.

local function fresh_segment(self)
	local segment = { first = self.written + 1, offset = 0, size = 0, whole = 0 };
	segment.path = segment_path(self, segment.first);
	-- What a run left under this name has no whole line, or its number would have been counted.
	local file, err = self.fs.open(segment.path, "wb");
	if not file then return nil, err; end
	file:setvbuf("full", block);
	self.write_file, self.write_segment = file, segment;
	for i = #self.segments, 1, -1 do
		if self.segments[i].first == segment.first then
			self.bytes = self.bytes - self.segments[i].size;
			if self.read_segment == self.segments[i] then set_read_file(self, nil); end
			t_remove(self.segments, i);
		end
	end
	t_insert(self.segments, segment);
	return true;
end

local function end_segment(self)
	if self.write_file then self.write_file:close(); end
	self.write_file, self.write_segment = nil, nil;
	tidy(self);
end

-- After a failed write: what of it is there as whole lines is written, the rest waits in memory.
local function give_up_segment(self)
	local segment = self.write_segment;
	if segment then
		self.write_file:close(); -- it tries once more: look at what is there after that
		self.write_file = nil;
		local there = 0;
		local whole, size = look_through(self, segment.path, segment.whole, function () there = there + 1; end);
		if whole then
			self.bytes = self.bytes - segment.size + size;
			segment.whole, segment.size = whole, size;
		end
		self.written = self.written + there;
		for _ = 1, there * pieces do
			self.pending_bytes = self.pending_bytes - #t_remove(self.pending, 1);
		end
		self.pending_pieces = self.pending_pieces - there * pieces;
		end_segment(self);
	end
	self.recent = nil;
	self.retry_at = self.clock() + retry_after;
end

local function write_pending(self)
	local file, list, n = self.write_file, self.pending, self.pending_pieces;
	for i = 1, n, 90 do
		local ok, err = file:write(unpack(list, i, i + 89 < n and i + 89 or n));
		if not ok then return nil, err; end
	end
	return file:flush();
end

-- As long as the receiver keeps up, what it gets next is in memory still, and the disk is not read.
local function keep_recent(self, first)
	local recent, n = self.recent, self.pending_pieces;
	if not recent and self.acked + 1 == first then
		recent = { from = 1, to = 0, first = first, bytes = 0 };
		self.recent = recent;
	elseif recent and recent.bytes + self.pending_bytes > recent_limit then
		self.recent, recent = nil, nil;
	end
	if not recent then return; end
	local list, to = self.pending, recent.to;
	for i = 1, n do recent[to + i] = list[i]; end
	recent.to, recent.bytes = to + n, recent.bytes + self.pending_bytes;
end

local function forget_recent(self, seq)
	local recent = self.recent;
	if not recent then return; end
	for i = recent.from, recent.from + (seq - recent.first + 1) * pieces - 1 do
		recent.bytes = recent.bytes - #recent[i];
		recent[i] = false;
	end
	recent.from, recent.first = recent.from + (seq - recent.first + 1) * pieces, seq + 1;
	if recent.from > recent.to then self.recent = nil; end
end

function queue:flush()
	local n = self.pending_pieces;
	if n == 0 then return true; end
	if self.retry_at and self.clock() < self.retry_at then return nil; end
	local ok, err = true, nil;
	if not self.write_file then ok, err = fresh_segment(self); end
	if ok then ok, err = write_pending(self); end
	local items = floor(n / pieces);
	if not ok then
		self.complain("write", "cannot write to %s: %s; %d items wait in memory", self.folder, err, items);
		give_up_segment(self);
		return nil;
	end
	local segment, bytes = self.write_segment, self.pending_bytes;
	keep_recent(self, self.written + 1);
	self.bytes, segment.size = self.bytes + bytes, segment.size + bytes;
	self.written = self.written + items;
	segment.whole, segment.last = segment.size, self.written;
	self.pending_pieces, self.pending_bytes, self.retry_at = 0, 0, nil;
	if n > memory_pieces then self.pending = {}; end
	if segment.size >= self.segment_limit then end_segment(self); end
	if self.say_state then -- what was lost stands in the queue now
		self.say_state = false;
		write_state(self);
	end
	return true;
end

-- head and body are one after the other the members of an object but for seq, up to the end of its last text. They
-- wait as they are: to make one text of them would be one more copy for the collector of garbage.
local function put(self, head, body)
	local seq, list, n = self.next, self.pending, self.pending_pieces;
	head = '{"seq":' .. seq .. "," .. head;
	list[n + 1], list[n + 2], list[n + 3] = head, body, line_end;
	self.next = seq + 1;
	self.pending_pieces = n + pieces;
	self.pending_bytes = self.pending_bytes + #head + #body + #line_end;
	if n == 0 then self.wake(); end
	return seq;
end

local function why_no_room(self, size)
	if self.pending_bytes + size > memory_limit and self.retry_at then return "queue not writable"; end
	if self.bytes + self.pending_bytes + size > self.limit then return "queue full"; end
	return nil;
end

-- Counts what is lost; of two causes the first one is named.
function queue:lose(count, since, cause)
	if not self.lost then
		self.lost = { count = 0, since = since, cause = cause };
	end
	self.lost.count = self.lost.count + count;
	self.dropped = self.dropped + count;
	if self.lost.count == count then write_state(self); end
end

-- Says what was lost as soon as there is room for it.
function queue:say_lost(always)
	local lost = self.lost;
	if not lost then return true; end
	if not always and why_no_room(self, gap_room) then return false; end
	self.lost = nil;
	put(self, s_format('"ts":"%s","gap":"%s","lost":%d,"since":"', self.now(), lost.cause, lost.count), lost.since);
	self.say_state = true;
	return true;
end

-- head, body: the JSON object's members without seq, up to the end of the last text; ts: its time.
function queue:append(head, body, ts)
	local cause = why_no_room(self, #head + #body + (self.lost and gap_room or 0) + 32);
	if cause or not self:say_lost() then
		self:lose(1, ts, cause or "queue full");
		return nil;
	end
	return put(self, head, body);
end

-- Once a second is enough: keeps the count of what is lost over a crash, tries a disk that refused.
function queue:tick()
	self:say_lost();
	self:flush();
	if self.lost and self.lost.count ~= self.state_lost then write_state(self); end
end

--- Reading.

local function recent_lines(self, segment, max_items, max_bytes)
	local recent = self.recent;
	local bytes, count, from = 0, 0, recent.from;
	local most = math.min(max_items, segment.last - self.acked, (recent.to - from + 1) / pieces);
	while count < most do
		local i = from + count * pieces;
		bytes = bytes + #recent[i] + #recent[i + 1] + #recent[i + 2];
		if bytes > max_bytes and count > 0 then break; end
		count = count + 1;
	end
	return t_concat(recent, "", from, from + count * pieces - 1), count;
end

local function read_lines(self, segment, max_items, max_bytes)
	if self.read_segment ~= segment then set_read_file(self, segment); end
	local file = self.read_file;
	if not file or not file:seek("set", segment.offset) then return nil; end
	-- No more than is likely to be needed: a text of a megabyte is dear.
	local left = segment.whole - segment.offset;
	local items = segment.last and segment.last - self.acked or 0;
	local likely = items > max_items and math.ceil(left / items * max_items * 1.2) + 256 or left;
	local data = file:read(math.min(max_bytes, likely, left)) or "";
	local count, stop = 0, 0;
	while count < max_items do
		local newline = s_find(data, "\n", stop + 1, true);
		if newline then
			count, stop = count + 1, newline;
		elseif count == 0 and segment.offset + #data < segment.whole then -- one item larger than max_bytes
			local more = file:read(block);
			if not more then return nil; end
			data = data .. more;
		else
			break;
		end
	end
	if count == 0 then return nil; end
	return s_sub(data, 1, stop), count;
end

-- The oldest items that are on disk and not acknowledged: text, number of the first, how many; nil: none.
function queue:peek(max_items, max_bytes)
	while true do
		tidy(self);
		local segment = self.segments[1];
		if not segment or segment.offset >= segment.whole then return nil; end
		local read = self.recent and recent_lines or read_lines;
		local text, count = read(self, segment, max_items, max_bytes);
		if text then
			return text, tonumber(s_match(text, '^{"seq":(%d+),')) or self.acked + 1, count;
		end
		-- It cannot be read: its items are lost, the number of the next tells how many.
		self.complain("read", "cannot read %s: its items are lost", segment.path);
		if segment == self.write_segment then end_segment(self); end
		segment.offset = segment.whole;
	end
end

-- Items up to seq, whose text was so long, are with the receiver.
function queue:ack(seq, bytes)
	local segment = self.segments[1];
	segment.offset = segment.offset + bytes;
	self.acked = seq;
	forget_recent(self, seq);
	tidy(self);
	self:say_lost();
	write_state(self);
end

-- Number of items that are not acknowledged; some may wait in memory still.
function queue:count()
	return self.next - 1 - self.acked;
end

function queue:set_stream(name)
	self.stream = name;
	write_state(self);
end

function queue:close()
	self.retry_at = nil;
	self:say_lost(true);
	if not self:flush() then
		self:lose(floor(self.pending_pieces / pieces), self.now(), "queue not writable");
	end
	end_segment(self);
	set_read_file(self, nil);
	write_state(self);
end

-- options: folder (there already), limit (bytes), now() (time as text), clock() (seconds), wake() (something
-- waits to be flushed), complain(kind, format, ...), fs (open, rename, remove, dir, size).
local function open(options)
	local self = setmetatable({
		folder = options.folder, limit = options.limit, fs = options.fs;
		now = options.now, clock = options.clock, wake = options.wake, complain = options.complain;
		segment_limit = math.max(4096, math.min(4194304, floor(options.limit / 8)));
		segments = {}, bytes = 0, dropped = 0, pending = {}, pending_pieces = 0, pending_bytes = 0;
	}, queue);
	local state = read_state(self);
	self.acked = tonumber(state.acked) or 0;
	self.next, self.state_lost = self.acked + 1, 0;
	self.stream = state.stream;
	find_segments(self);
	local lost = tonumber(state.lost) or 0;
	if lost > 0 then
		self.lost = { count = lost, since = state.since or self.now(), cause = state.cause or "queue full" };
	end
	take_over(self);
	self.written = self.next - 1;
	self.found = self.written; -- up to here items may have been sent by an earlier run
	return self;
end

return { open = open };
