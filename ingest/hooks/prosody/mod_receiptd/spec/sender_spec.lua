-- SPDX-License-Identifier: Apache-2.0
local helper = dofile((debug.getinfo(1, "S").source:match("^@(.*/)") or "") .. "helper.lua");

describe("sender", function ()
	local folder, world, queue, sender, posts, receiver, token;

	-- receiver.answer(post) decides; what it does not answer is answered later by the spec.
	local function new_sender()
		queue = world.queue(folder, 10000000);
		sender = helper.library "sender".new {
			queue = queue, stream = "a.test", run = "run", later = world.later, clock = world.clock;
			random = function () return 0.5; end;
			token = function () return token; end, renew_token = function () token = "renewed"; end;
			decode = function (text) return text ~= "" and load("return " .. text)() or nil; end;
			log = world.log, complain = world.complain, count = world.count;
			post = function (body, headers, done)
				local post = { body = body, headers = headers, done = done, numbers = helper.numbers(body), at = world.time };
				table.insert(posts, post);
				local code, content, response = receiver.answer(post);
				if code then
					world.later(0.01, function () done(content or "{}", code, response or { headers = {} }); end);
				end
				return function () post.given_up = true; end;
			end;
		};
	end

	local function put(n, size)
		for _ = 1, n do queue:append('"ts":"T1","x":"', ("x"):rep(size or 10), "T1"); end
		queue:flush();
		sender:wake();
	end

	-- What the receiver took, in order.
	local function taken()
		local numbers = {};
		for _, post in ipairs(posts) do
			if post.taken then
				for _, seq in ipairs(post.numbers) do numbers[#numbers + 1] = seq; end
			end
		end
		return numbers;
	end

	before_each(function ()
		folder, world, posts, token = helper.folder(), helper.world(), {}, "secret";
		receiver = { answer = function (post) post.taken = true; return 200; end };
		new_sender();
	end);
	after_each(function () helper.remove(folder); end);

	it("sends all in order, one request at a time", function ()
		local under_way = 0;
		receiver.answer = function (post)
			assert.equal(0, under_way);
			under_way, post.taken = 1, true;
			world.later(0.2, function () under_way = 0; post.done("{}", 200, {}); end);
		end;
		for _ = 1, 20 do put(150); sender:send(); world.pass(0.1); end
		world.pass(60);
		assert.same(helper.range(1, 3000), taken());
		assert.equal(0, queue:count());
		for _, post in ipairs(posts) do assert.is_true(#post.numbers <= 500); end
	end);

	it("waits a moment for company", function ()
		put(1);
		world.pass(0.1);
		assert.equal(0, #posts);
		world.pass(0.3);
		assert.equal(1, #posts);
	end);

	it("sends not too much at once", function ()
		put(1);
		world.pass(1);
		put(300, 10000);
		world.pass(10);
		for _, post in ipairs(posts) do assert.is_true(#post.body <= 131072); end
		assert.same(helper.range(1, 301), taken());
	end);

	it("says who it is", function ()
		put(1);
		world.pass(1);
		assert.equal("Bearer secret", posts[1].headers["Authorization"]);
		assert.equal("application/x-ndjson", posts[1].headers["Content-Type"]);
		assert.equal("a.test", posts[1].headers["feed-stream"]);
		assert.is_string(posts[1].headers["webhook-id"]);
	end);

	it("repeats under the same id with longer and longer pauses, up to a minute", function ()
		receiver.answer = function () return 0, "connection refused"; end;
		put(3);
		world.pass(300);
		local pauses = {};
		for i = 2, #posts do
			pauses[#pauses + 1] = posts[i].at - posts[i - 1].at;
			assert.equal(posts[1].headers["webhook-id"], posts[i].headers["webhook-id"]);
			assert.equal(posts[1].body, posts[i].body);
		end
		assert.is_true(pauses[1] < 1);
		for i = 2, #pauses do assert.is_true(pauses[i] >= pauses[i - 1] - 0.02); end
		assert.is_true(pauses[#pauses] > 59 and pauses[#pauses] < 61);
		assert.is_true(#posts < 15);
		receiver.answer = function (post) post.taken = true; return 200; end;
		world.pass(61);
		assert.same({ 1, 2, 3 }, taken());
		assert.truthy(world.logged[1]:find("takes the feed again", 1, true));
	end);

	it("jitters", function ()
		local pauses = {};
		for _, value in ipairs { 0, 0.999 } do
			posts = {};
			new_sender();
			sender.random = function () return value; end;
			receiver.answer = function () return 500; end;
			put(1);
			world.pass(20);
			pauses[#pauses + 1] = posts[5].at - posts[4].at;
			sender:stop();
		end
		assert.is_true(pauses[2] > pauses[1] * 1.5);
	end);

	it("waits as long as it is told to", function ()
		receiver.answer = function () return 503, "", { headers = { ["retry-after"] = "17" } }; end;
		put(1);
		world.pass(40);
		assert.equal(3, #posts);
		assert.is_true(posts[2].at - posts[1].at >= 17);
	end);

	it("comes back when an answer never comes", function ()
		receiver.answer = function () end;
		put(1);
		world.pass(70);
		assert.is_true(posts[1].given_up);
		assert.equal(posts[1].headers["webhook-id"], posts[2].headers["webhook-id"]);
		posts[1].done("{}", 200, {}); -- too late: the second one is under way
		assert.equal(1, queue:count());
		posts[2].done("{}", 200, {});
		assert.equal(0, queue:count());
	end);

	it("halves what is refused until the bad item is found, and says which is lost", function ()
		receiver.answer = function (post)
			for line in post.body:gmatch("[^\n]+") do
				if line:find('^{"seq":37,') and not line:find('"gap"', 1, true) then return 400; end
			end
			post.taken = true;
			return 200;
		end;
		put(1);
		world.pass(1);
		put(99);
		world.pass(30);
		assert.same(helper.range(1, 100), taken());
		assert.equal(0, queue:count());
		assert.equal(1, world.counted.refused);
		local gap;
		for _, post in ipairs(posts) do gap = gap or post.body:match('{"seq":37,[^\n]*"gap"[^\n]*'); end
		assert.equal('{"seq":37,"ts":"T1","gap":"refused by the receiver","lost":1,"since":"T1"}', gap);
		assert.is_true(#posts < 40);
		assert.equal(99, #posts[2].numbers);
		assert.equal(49, #posts[3].numbers);
	end);

	it("does not throw all away at once when everything is refused", function ()
		receiver.answer = function () return 415; end;
		put(100);
		world.pass(60);
		assert.is_true(queue:count() > 85);
		world.pass(600);
		assert.is_true(queue:count() > 75);
	end);

	it("retries slowly and says why when the token is not accepted", function ()
		for _, code in ipairs { 401, 403, 404 } do
			posts, world.complaints = {}, {};
			receiver.answer = function () return code; end;
			new_sender();
			put(1);
			world.pass(130);
			assert.equal(3, #posts);
			assert.truthy(world.complaints[1]:find(code == 404 and "receiptd_url" or "receiptd_token", 1, true));
			assert.is_nil(table.concat(world.complaints):find("secret", 1, true));
			sender:stop();
		end
		assert.equal("renewed", token);
	end);

	it("counts what the receiver could not read", function ()
		receiver.answer = function (post)
			post.taken = true;
			return 200, '{ accepted = 2, duplicates = 0, quarantined = 1, items = { { index = 1, detail = "bad ts" } } }';
		end;
		put(3);
		world.pass(1);
		assert.is_true(world.counted.quarantined >= 1);
		assert.truthy(world.complaints[1]:find("bad ts", 1, true));
	end);

	it("takes any 2xx for durable, whatever it says", function ()
		receiver.answer = function (post) post.taken = true; return 204, "<html>"; end;
		sender.decode = function () return nil, "no JSON"; end;
		put(3);
		world.pass(2);
		assert.equal(0, queue:count());
	end);

	it("begins a stream of its own when the receiver knows the numbers already", function ()
		local known = { ["a.test"] = 1000 };
		receiver.answer = function (post)
			local stream = post.headers["feed-stream"];
			local duplicates = 0;
			for _, seq in ipairs(post.numbers) do
				if seq <= (known[stream] or 0) then duplicates = duplicates + 1; end
			end
			known[stream] = math.max(known[stream] or 0, post.numbers[#post.numbers]);
			post.taken = duplicates == 0;
			return 200, ("{ duplicates = %d }"):format(duplicates);
		end;
		put(50);
		world.pass(10);
		assert.same(helper.range(1, 50), taken());
		assert.equal("a.test.1000", queue.stream);
		local posted = #posts;
		queue:close();
		new_sender(); -- and keeps it
		put(1);
		world.pass(2);
		assert.equal("a.test.1000", posts[posted + 1].headers["feed-stream"]);
	end);

	it("takes duplicates of what an earlier run sent for what they are", function ()
		put(10);
		sender:stop(); -- before anything was acknowledged
		new_sender();
		receiver.answer = function (post)
			post.taken = true;
			return 200, ("{ duplicates = %d }"):format(post.numbers[1] <= 10 and #post.numbers or 0);
		end;
		put(5);
		world.pass(5);
		assert.same(helper.range(1, 15), taken());
		assert.is_nil(queue.stream);
	end);

	it("takes a repeated first item for no conflict", function ()
		local first = true;
		receiver.answer = function (post)
			if first then first = false; return 0, "closed"; end
			post.taken = true;
			return 200, ("{ duplicates = %d }"):format(post.numbers[1] == 1 and 1 or 0);
		end;
		put(3);
		world.pass(10);
		assert.same({ 1, 2, 3 }, taken());
		assert.is_nil(queue.stream);
	end);

	it("says that there was nothing, when that is so", function ()
		world.pass(4);
		sender:tick();
		assert.equal(0, #posts);
		world.pass(2);
		sender:tick();
		assert.equal("", posts[1].body);
		assert.is_string(posts[1].headers["webhook-id"]);
		world.pass(1);
		sender:tick();
		assert.equal(1, #posts);
		world.pass(5);
		put(1);
		sender:tick(); -- something waits: no
		world.pass(1);
		assert.same({ 1 }, posts[2].numbers);
		world.pass(6);
		queue.lost = { count = 1, since = "T1", cause = "queue full" };
		sender:tick(); -- something is lost and not said: no
		assert.equal(2, #posts);
		queue.lost = nil;
		receiver.answer = function () return 0, "closed"; end;
		sender:tick();
		world.pass(20); -- sent again as anything else
		assert.is_true(#posts > 4);
		assert.equal(posts[3].headers["webhook-id"], posts[4].headers["webhook-id"]);
		receiver.answer = function () return 400; end;
		world.pass(60);
		local count = #posts;
		put(1);
		receiver.answer = function (post) post.taken = true; return 200; end;
		world.pass(1);
		assert.equal(count + 1, #posts);
		assert.same({ 2 }, posts[#posts].numbers);
		assert.is_nil(world.counted.refused);
	end);

	it("does nothing any more when it was stopped", function ()
		receiver.answer = function () end;
		put(3);
		world.pass(1);
		sender:stop();
		posts[1].done("{}", 200, {});
		world.pass(100);
		assert.equal(1, #posts);
		assert.equal(3, queue:count());
	end);
end);
