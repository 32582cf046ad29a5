-- SPDX-License-Identifier: Apache-2.0
local helper = dofile((debug.getinfo(1, "S").source:match("^@(.*/)") or "") .. "helper.lua");

describe("queue", function ()
	local folder, world;
	before_each(function ()
		folder = helper.folder();
		world = helper.world();
	end);
	after_each(function () helper.remove(folder); end);

	local function put(queue, n, size)
		for _ = 1, n do
			world.time = world.time + 0.001;
			local ts = world.now();
			queue:append(('"ts":"%s","x":"'):format(ts), ("x"):rep(size or 10), ts);
		end
		queue:flush();
	end

	local function take(queue, n)
		local text, first, count = queue:peek(n or 500, 1000000);
		if not text then return {}; end
		queue:ack(first + count - 1, #text);
		queue:flush();
		return helper.numbers(text), text;
	end

	local function take_all(queue)
		local numbers, texts = {}, {};
		while true do
			local some, text = take(queue);
			if not text then return numbers, table.concat(texts); end
			for _, seq in ipairs(some) do numbers[#numbers + 1] = seq; end
			texts[#texts + 1] = text;
		end
	end

	it("keeps the order and numbers from 1", function ()
		local queue = world.queue(folder);
		put(queue, 3);
		put(queue, 2);
		assert.same({ 1, 2 }, (take(queue, 2)));
		assert.same({ 3, 4, 5 }, (take_all(queue)));
		assert.same({}, (take(queue)));
		assert.equal(0, queue:count());
	end);

	it("does not show what is not on disk yet", function ()
		local queue = world.queue(folder);
		queue:append('"ts":"', "T1", "T1");
		assert.is_nil(queue:peek(500, 1000000));
		queue:flush();
		assert.same({ 1 }, (take(queue)));
	end);

	it("cuts batches by bytes, and lets one large item pass", function ()
		local queue = world.queue(folder);
		put(queue, 1, 200000);
		put(queue, 3, 100);
		local text = queue:peek(500, 1000);
		assert.same({ 1 }, helper.numbers(text));
		queue:ack(1, #text);
		text = queue:peek(500, 300);
		assert.same({ 2, 3 }, helper.numbers(text));
	end);

	it("shows the same again until it is acknowledged", function ()
		local queue = world.queue(folder);
		put(queue, 5);
		assert.equal((queue:peek(3, 1000)), (queue:peek(3, 1000)));
	end);

	it("goes over many segments and removes what is acknowledged", function ()
		local queue = world.queue(folder, 100000);
		put(queue, 10);
		for _ = 1, 50 do put(queue, 10, 50); end
		assert.is_true(#helper.segments(folder) > 2);
		assert.same(helper.range(1, 510), (take_all(queue)));
		assert.is_true(#helper.segments(folder) <= 1);
	end);

	it("sends the unsent rest again after a restart and goes on counting", function ()
		local queue = world.queue(folder);
		put(queue, 10);
		take(queue, 4);
		queue:close();
		queue = world.queue(folder);
		assert.equal(6, queue:count());
		put(queue, 2);
		assert.same(helper.range(5, 12), (take_all(queue)));
		queue:close();
		queue = world.queue(folder);
		assert.same({}, (take(queue)));
		put(queue, 1);
		assert.same({ 13 }, (take(queue)));
	end);

	it("survives a kill: what was flushed is there", function ()
		local queue = world.queue(folder, 50000);
		for _ = 1, 30 do put(queue, 10, 50); end
		take(queue, 7);
		local again = world.queue(folder, 50000); -- the first one was never closed
		assert.same(helper.range(8, 300), (take_all(again)));
	end);

	it("sends again rather than not at all when the state file is lost", function ()
		local queue = world.queue(folder);
		put(queue, 5);
		take(queue, 3);
		os.remove(folder .. "/state");
		queue = world.queue(folder);
		put(queue, 1);
		assert.same(helper.range(1, 6), (take_all(queue)));
	end);

	it("drops what comes when it is full, counts it, and says so when there is room", function ()
		local queue = world.queue(folder, 40000);
		for _ = 1, 100 do put(queue, 10, 50); end
		local dropped = queue.dropped;
		assert.is_true(dropped > 100);
		assert.is_true(queue.bytes <= 40000);
		local kept = queue:count();
		assert.equal(1000, kept + dropped);
		local numbers, text = take_all(queue);
		put(queue, 1);
		local rest, last = take_all(queue);
		assert.same(helper.range(1, #numbers + #rest), helper.range(1, kept + 2)); -- the gap, and the one after it
		local lost, since = (text .. last):match('"gap":"queue full","lost":(%d+),"since":"(T[%d.]+)"');
		assert.equal(dropped, tonumber(lost));
		assert.equal(("T%08.3f"):format(1000 + (kept + 1) * 0.001), since);
	end);

	it("says what was lost before what comes after it", function ()
		local queue = world.queue(folder, 40000);
		for _ = 1, 100 do put(queue, 10, 50); end
		take(queue);
		take(queue);
		put(queue, 1);
		local _, text = take_all(queue);
		local gap, item = text:find('"gap"', 1, true), text:find('"x"', -100);
		assert.is_true(gap < item);
		assert.is_nil(queue.lost);
	end);

	it("keeps the count of what was lost over a kill", function ()
		local queue = world.queue(folder, 40000);
		for _ = 1, 100 do put(queue, 10, 50); end
		queue:tick();
		local dropped = queue.dropped;
		queue = world.queue(folder, 40000);
		local _, text = take_all(queue);
		local _, more = take_all(queue);
		assert.equal(dropped, tonumber((text .. more):match('"gap":"queue full","lost":(%d+)')));
		queue = world.queue(folder, 40000);
		assert.is_nil(queue.lost); -- and says it once
	end);

	it("says what an earlier run lost before it takes anything", function ()
		helper.write(folder .. "/state", "acked 0\nlost 7\nsince T1\ncause queue full\n");
		local queue = world.queue(folder);
		put(queue, 1);
		local numbers, text = take_all(queue);
		assert.same({ 1, 2 }, numbers);
		assert.truthy(text:find('^{"seq":1,"ts":"T[%d.]+","gap":"queue full","lost":7,"since":"T1"}\n'));
	end);

	it("leaves out a torn last line, and says so", function ()
		local queue = world.queue(folder);
		put(queue, 5);
		local path = helper.segments(folder)[1];
		local whole = helper.read(path);
		local line = #whole:match("[^\n]*\n$");
		for cut = 1, line - 1 do
			helper.write(path, whole:sub(1, #whole - cut));
			local again = world.queue(folder);
			again:say_lost();
			again:flush();
			local numbers, text = take_all(again);
			assert.same(helper.range(1, 5), numbers);
			assert.equal('"gap":"queue cut","lost":1,"since":"T1000.004"}\n', text:match('"gap".*'));
			again:close();
			for _, name in ipairs(helper.segments(folder)) do os.remove(name); end
			os.remove(folder .. "/state");
		end
	end);

	it("says nothing twice about a line that was torn in an earlier run", function ()
		local queue = world.queue(folder);
		put(queue, 5);
		helper.write(helper.segments(folder)[1], '{"seq":6,"ts":"T1', "ab");
		queue = world.queue(folder);
		put(queue, 1);
		queue = world.queue(folder);
		put(queue, 1);
		local numbers, text = take_all(queue);
		assert.same(helper.range(1, 8), numbers);
		assert.equal(1, select(2, text:gsub('"gap"', "")));
	end);

	it("writes on when the disk refused: nothing is lost, nothing twice", function ()
		for room = 0, 200, 7 do
			local queue = world.queue(folder);
			put(queue, 2);
			queue:close();
			queue = world.queue(folder);
			world.room = function (path) return path:find("ndjson") and room; end;
			put(queue, 3);
			put(queue, 3);
			world.room = nil;
			world.time = world.time + 2;
			queue:tick();
			put(queue, 1);
			local before = queue.acked;
			local numbers, text = take_all(queue);
			assert.same(helper.range(before + 1, before + 9), numbers);
			assert.is_nil(text:find("gap", 1, true));
			queue:close();
		end
		assert.is_true(#world.complaints > 0);
	end);

	it("bounds what waits in memory while the disk refuses", function ()
		local queue = world.queue(folder, 10000000);
		world.room = function () return 0; end;
		for _ = 1, 300 do put(queue, 1, 10000); end
		assert.is_true(queue.pending_bytes <= 1048576 + 20000);
		local dropped = queue.dropped;
		assert.is_true(dropped > 150);
		world.room = nil;
		world.time = world.time + 2;
		queue:tick();
		queue:tick();
		queue:flush();
		local _, text = take_all(queue);
		assert.equal(dropped, tonumber(text:match('"gap":"queue not writable","lost":(%d+)')));
	end);

	it("goes on when a segment cannot be read any more", function ()
		local queue = world.queue(folder, 40000);
		for _ = 1, 12 do put(queue, 10, 50); end
		take(queue, 3);
		local before = queue:count();
		local names = helper.segments(folder);
		queue:close();
		queue = world.queue(folder, 40000);
		os.remove(names[1]);
		put(queue, 1);
		local numbers = take_all(queue);
		assert.is_true(#numbers > 0 and #numbers < before);
		assert.equal(121, numbers[#numbers]);
	end);

	it("keeps the name of the stream", function ()
		local queue = world.queue(folder);
		queue:set_stream("a.test.17");
		queue = world.queue(folder);
		assert.equal("a.test.17", queue.stream);
	end);
end);
