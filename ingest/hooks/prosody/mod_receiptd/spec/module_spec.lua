-- SPDX-License-Identifier: Apache-2.0
local here = debug.getinfo(1, "S").source:match("^@(.*/)") or "";
local helper = dofile(here .. "helper.lua");
local server_lib = dofile(here .. "server.lua");
local message = server_lib.message;

describe("mod_receiptd", function ()
	local folder, server;
	before_each(function ()
		folder = helper.folder();
		server = server_lib.new(folder);
		server.receiver = function () return 200; end;
	end);
	after_each(function () helper.remove(folder); end);

	-- Attributes come in any order.
	local function sorted(text)
		local attributes = {};
		for attribute in text:gmatch(" [^ ]-='[^']*'") do attributes[#attributes + 1] = attribute; end
		table.sort(attributes);
		return text:match("^<[^ ]*") .. table.concat(attributes) .. "/>";
	end

	local function observations()
		server.pass(2);
		local list = {};
		for _, item in ipairs(server.posted()) do
			local dir, session, text = item.line:match('"dir":"([^"]*)"'), item.line:match('"session":"([^"]*)"'),
				item.line:match('"stanza":"([^"]*)"');
			list[#list + 1] = ("%s %s %s %s"):format(item.stream, dir, session or "-", sorted(text));
		end
		return list;
	end

	it("says who sent and who got", function ()
		server.add_host("a.test");
		local anna, ben = server.client("anna@a.test/x"), server.client("ben@a.test/y");
		local stanza = message { to = "ben@a.test", from = "liar@b.test" };
		assert.equal(stanza, server.read(anna, stanza));
		server.write(ben, message { from = "anna@a.test/x", to = "ben@a.test" });
		assert.same({
			"a.test in anna@a.test/x <message from='liar@b.test' to='ben@a.test'/>";
			"a.test out ben@a.test/y <message from='anna@a.test/x' to='ben@a.test'/>";
		}, observations());
	end);

	it("watches sessions that were there before, and leaves them alone when it is unloaded", function ()
		local anna = server.filters.new { type = "c2s", full_jid = "anna@a.test/x", host = "a.test" };
		assert.equal(1, #anna.filters["stanzas/in"]);
		server.prosody.full_sessions["anna@a.test/x"] = anna;
		server.module.unload();
		assert.equal(0, #anna.filters["stanzas/in"] + #anna.filters["stanzas/out"]);
	end);

	it("takes nothing of clients that are not bound, and nothing of hosts without it", function ()
		server.add_host("a.test");
		local unbound = server.filters.new { type = "c2s_unauthed", host = "a.test" };
		server.read(unbound, message { to = "ben@a.test" });
		server.read(server.client("carl@b.test/x"), message { to = "dora@b.test" });
		assert.same({}, observations());
	end);

	it("shows at a MUC component what users of other hosts do in its rooms", function ()
		server.add_host("rooms.a.test", { receiptd_token = "secret", component_module = "muc" });
		local carl = server.client("carl@b.test/x");
		server.read(carl, message { to = "lobby@rooms.a.test", type = "groupchat" });
		server.write(carl, message { from = "lobby@rooms.a.test/carl", to = "carl@b.test/x", type = "groupchat" });
		server.write(carl, message { from = "dora@b.test/z", to = "carl@b.test/x" });
		assert.same({
			"rooms.a.test in carl@b.test/x <message to='lobby@rooms.a.test' type='groupchat'/>";
			"rooms.a.test out carl@b.test/x <message from='lobby@rooms.a.test/carl' to='carl@b.test/x' type='groupchat'/>";
		}, observations());
	end);

	it("calls what waits for a client that is away a route", function ()
		server.add_host("a.test");
		local anna = server.client("anna@a.test/x");
		anna.hibernating = 1;
		server.write(anna, message { from = "ben@a.test/y", to = "anna@a.test" });
		assert.same({ "a.test route anna@a.test/x <message from='ben@a.test/y' to='anna@a.test'/>" }, observations());
	end);

	it("believes another server only for what it has proven to be", function ()
		server.add_host("a.test");
		local session = server.filters.new { type = "s2sin", hosts = { ["b.test"] = { authed = true }, ["c.test"] = {} } };
		server.read(session, message { from = "ben@b.test/x", to = "anna@a.test" });
		server.read(session, message { from = "carl@c.test/x", to = "anna@a.test" });
		server.read(session, message { from = "dora@d.test/x", to = "anna@a.test" });
		local out = server.filters.new { type = "s2sout" };
		server.write(out, message { from = "anna@a.test/x", to = "ben@b.test" });
		assert.same({
			"a.test s2s-in - <message from='ben@b.test/x' to='anna@a.test'/>";
			"a.test s2s-out - <message from='anna@a.test/x' to='ben@b.test'/>";
		}, observations());
	end);

	it("takes what opened a connection to another server when it is written", function ()
		local module = server.add_host("a.test");
		module.handlers.fire("s2sout-established", { session = { sendq = {
			{ "<message from='anna@a.test/x' to='ben@b.test'/>" }, { "<presence/>" }, { "<message>" };
		} } });
		assert.equal(2, #observations());
	end);

	it("notices offline storage when it worked", function ()
		local module = server.add_host("a.test");
		local kept;
		module.handlers.add("message/offline/handle", function () return kept; end);
		local event = { username = "anna", stanza = message { from = "ben@b.test/x" } };
		module.handlers.fire("message/offline/handle", event);
		kept = true;
		assert.is_true(module.handlers.fire("message/offline/handle", event));
		assert.is_nil(event.stanza.attr.to);
		assert.same({ "a.test route - <message from='ben@b.test/x' to='anna@a.test'/>" }, observations());
	end);

	it("notices external components", function ()
		local gateway = server.add_host("gate.a.test", { receiptd_token = "secret", component_module = "component" });
		local a = server.add_host("a.test");
		local component = { origin = { type = "component", conn = {} };
			stanza = message { from = "x@gate.a.test", to = "anna@a.test" } };
		a.handlers.fire("message/bare", component);
		a.handlers.fire("message/bare", { origin = { type = "component" }, stanza = message { from = "r@rooms.a.test" } });
		a.handlers.fire("message/bare", { origin = { type = "c2s" }, stanza = message { to = "anna@a.test" } });
		a.handlers.fire("route/remote", { stanza = message { to = "far@b.test" } });
		local event = { origin = { type = "c2s" }, stanza = message { from = "anna@a.test/x", to = "x@gate.a.test" } };
		gateway.handlers.fire("message/bare", event); -- not connected
		server.prosody.hosts["gate.a.test"].modules.component = { connected = true };
		gateway.handlers.fire("message/bare", event);
		local list = observations();
		table.sort(list);
		assert.same({
			"a.test comp-in - <message from='x@gate.a.test' to='anna@a.test'/>";
			"gate.a.test comp-out - <message from='anna@a.test/x' to='x@gate.a.test'/>";
		}, list);
	end);

	it("lets a stanza pass whatever goes wrong", function ()
		server.add_host("a.test");
		local anna = server.client("anna@a.test/x");
		local stanza = setmetatable({ name = "message", attr = {}, tags = {} }, { __len = function () error("broken"); end });
		for _ = 1, 100 do assert.equal(stanza, server.read(anna, stanza)); end
		assert.truthy(table.concat(server.logged, "\n"):find("broken"));
		assert.is_true(#server.logged < 5);
	end);

	it("writes once for all that came in one turn of the loop", function ()
		server.add_host("a.test");
		local anna = server.client("anna@a.test/x");
		for _ = 1, 50 do server.read(anna, message { to = "ben@a.test" }); end
		local path = folder .. "/a%2etest/receiptd";
		assert.equal(0, #helper.segments(path));
		server.pass(0);
		assert.equal(50, #helper.numbers(helper.read(helper.segments(path)[1])));
	end);

	it("goes on after a restart with what was not sent", function ()
		local module = server.add_host("a.test");
		server.receiver = nil;
		local anna = server.client("anna@a.test/x");
		for _ = 1, 5 do server.read(anna, message { to = "ben@a.test" }); end
		server.pass(1);
		module.unload();
		server = server_lib.new(folder);
		server.receiver = function () return 200; end;
		server.add_host("a.test");
		server.read(server.client("anna@a.test/x"), message { to = "ben@a.test" });
		server.pass(5);
		local numbers = {};
		for _, item in ipairs(server.posted()) do numbers[#numbers + 1] = tonumber(item.line:match('"seq":(%d+)')); end
		assert.same(helper.range(1, 6), numbers);
	end);

	it("keeps what comes while the server stops", function ()
		server.add_host("a.test");
		server.receiver = nil;
		server.global.fire("server-stopping", {});
		server.read(server.client("anna@a.test/x"), message { to = "ben@a.test" });
		assert.equal(1, #helper.numbers(helper.read(helper.segments(folder .. "/a%2etest/receiptd")[1])));
		server.global.fire("server-stopped", {});
	end);

	it("says each ten minutes what was dropped, and counts", function ()
		server.add_host("a.test", { receiptd_token = "secret", receiptd_queue_limit = 20000 });
		server.receiver = function () return 503; end;
		local anna = server.client("anna@a.test/x");
		for _ = 1, 500 do
			server.read(anna, message { to = "ben@a.test" });
			server.pass(0);
		end
		server.pass(601);
		local lines = table.concat(server.logged, "\n");
		local dropped = server.measured.dropped;
		assert.is_true(dropped > 200);
		assert.truthy(lines:find(("warn: %d observations were dropped"):format(dropped), 1, true));
		assert.equal(500, dropped + server.measured.queued);
		server.logged = {};
		server.pass(600);
		assert.is_nil(table.concat(server.logged, "\n"):find("were dropped", 1, true));
	end);

	it("reads the token from a file, again when it was refused", function ()
		helper.write(folder .. "/token", "old\n");
		server.add_host("a.test", { receiptd_token_file = "token" });
		server.receiver = function (request)
			return request.options.headers["Authorization"] == "Bearer new" and 200 or 401;
		end;
		server.read(server.client("anna@a.test/x"), message { to = "ben@a.test" });
		server.pass(1);
		helper.write(folder .. "/token", "  new  \n");
		server.pass(200);
		local full = 0;
		for _, request in ipairs(server.requests) do
			if request.options.body ~= "" then full = full + 1; end
		end
		assert.equal(3, full); -- what was read again at the first refusal was still the old one
		assert.is_nil(table.concat(server.logged):find("old", 1, true));
	end);

	it("gives up a request that is never answered", function ()
		server.add_host("a.test");
		server.receiver = nil;
		server.read(server.client("anna@a.test/x"), message { to = "ben@a.test" });
		server.pass(70);
		assert.is_true(server.requests[1].destroyed);
		assert.equal(2, #server.requests);
	end);
end);
