-- SPDX-License-Identifier: Apache-2.0
-- What the module costs the server for each message: CPU time of parsing, the filters and the write to a client,
-- with Prosody's own libraries, with and without the module. Run it with: lua5.4 spec/bench.lua [messages]
package.path = "/usr/lib/prosody/?.lua;" .. package.path;
package.cpath = "/usr/lib/prosody/?.so;" .. package.cpath;

local here = debug.getinfo(1, "S").source:match("^@(.*/)") or "";
local helper = dofile(here .. "helper.lua");
local server_lib = dofile(here .. "server.lua");
local new_stream = require "util.xmppstream".new;
local filters = require "util.filters";
local stanza_lib = require "util.stanza";

local messages = tonumber(arg[1]) or 20000;
local text = "<message to='ben@b.test' id='5f3c1d6e-77aa-4d1b-9a0f-000000000001' type='chat'>"
	.. "<body>" .. ("words of a message, neither short nor long. "):rep(3) .. "</body>"
	.. "<active xmlns='http://jabber.org/protocol/chatstates'/><request xmlns='urn:xmpp:receipts'/>"
	.. "<markable xmlns='urn:xmpp:chat-markers:0'/>"
	.. "<origin-id xmlns='urn:xmpp:sid:0' id='5f3c1d6e-77aa-4d1b-9a0f-000000000001'/></message>";

-- A client's stream in, a client's stream out, as mod_c2s and sessionmanager do it.
local function run(with)
	local folder = helper.folder();
	local due = {};
	local timer = {
		add_task = function (seconds, f) if seconds == 0 then due[#due + 1] = f; end return {}; end;
		stop = function () end; -- what is later than this turn of the loop never comes: nothing is posted
	};
	local server = server_lib.new(folder, {
		["util.filters"] = filters, ["util.stanza"] = stanza_lib, ["util.timer"] = timer;
		["util.time"] = require "util.time";
	});
	local hosts = with and { ["a.test"] = true, ["b.test"] = true } or {};
	for host in pairs(hosts) do server.add_host(host); end
	if not with then server.module.unload(); end
	local anna = { type = "c2s", full_jid = "anna@a.test/phone", host = "a.test" };
	local ben = { type = "c2s", full_jid = "ben@b.test/phone", host = "b.test" };
	local filter_in, filter_out, written = filters.initialize(anna), filters.initialize(ben), 0;
	local stream = new_stream({ notopen = true }, {
		default_ns = "jabber:client", streamopened = function (session) session.notopen = nil; end;
		handlestanza = function (_, stanza)
			stanza = filter_in("stanzas/in", stanza);
			stanza.attr.from = anna.full_jid;
			written = written + #tostring(filter_out("stanzas/out", stanza));
		end;
		error = function (_, what, data) error(tostring(what) .. tostring(data)); end;
	});
	stream:feed("<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='a.test'>");
	collectgarbage();
	local start = os.clock();
	for i = 1, messages do
		stream:feed(text);
		if i % 10 == 0 then -- ten in one turn of the loop
			local now = due;
			due = {};
			for _, f in ipairs(now) do f(); end
		end
	end
	local seconds = os.clock() - start;
	local bytes = 0;
	for host in pairs(hosts) do
		for _, path in ipairs(helper.segments(folder .. "/" .. host:gsub("%.", "%%2e") .. "/receiptd")) do
			bytes = bytes + #helper.read(path);
		end
	end
	server.module.unload();
	helper.remove(folder);
	return seconds / messages * 1e6, bytes / messages;
end

run(false);
local without, with, bytes = math.huge, math.huge, 0;
for _ = 1, 3 do
	without = math.min(without, (run(false)));
	local us, size = run(true);
	with, bytes = math.min(with, us), size;
end
print(("%d messages of %d bytes, each read once and written once; CPU time for one, best of 3"):format(messages, #text));
print(("without the module %.1f us, with it %.1f us: %.1f us for each stanza noticed (%.0f bytes in the queue)")
	:format(without, with, (with - without) / 2, bytes / 2));
