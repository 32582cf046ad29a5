-- SPDX-License-Identifier: Apache-2.0
local helper = dofile((debug.getinfo(1, "S").source:match("^@(.*/)") or "") .. "helper.lua");

describe("stanzas", function ()
	local stanzas = helper.library "stanzas";

	local function stanza(name, attr, child, child_attr, grandchild)
		child_attr = child_attr or {};
		local tags = child and { { name = child, attr = child_attr, tags = { grandchild } } } or {};
		return { name = name, attr = attr, tags = tags };
	end

	it("takes every message", function ()
		for _, dir in ipairs { "in", "out", "s2s-in", "s2s-out", "route", "comp-in", "comp-out" } do
			assert.is_true(stanzas.is_wanted(stanza("message", {}), dir, false));
		end
		assert.is_true(stanzas.is_wanted(stanza("message", { xmlns = "jabber:client" }), "in", false));
		assert.is_false(stanzas.is_wanted(stanza("message", { xmlns = "urn:x" }), "in", true));
		assert.is_false(stanzas.is_wanted(stanza("auth", { xmlns = "urn:ietf:params:xml:ns:xmpp-sasl" }), "in", true));
	end);

	it("takes of iq and presence what findings need, where it is said first", function ()
		local function facts(dir, ...) return stanzas.is_wanted(stanza(...), dir, true); end
		local caps = { xmlns = "http://jabber.org/protocol/caps" };
		assert.is_true(facts("in", "presence", {}, "c", caps));
		assert.is_true(facts("s2s-in", "presence", {}, "c", caps));
		assert.is_false(facts("out", "presence", {}, "c", caps));
		assert.is_false(facts("in", "presence", { type = "unavailable" }, "c", caps));
		assert.is_false(facts("in", "presence", {}, "x", { xmlns = "vcard-temp:x:update" }));
		assert.is_true(facts("in", "iq", { type = "result" }, "query", { xmlns = "http://jabber.org/protocol/disco#info" }));
		assert.is_false(facts("in", "iq", { type = "get" }, "query", { xmlns = "http://jabber.org/protocol/disco#info" }));
		assert.is_true(facts("in", "iq", { type = "result" }, "query", { xmlns = "jabber:iq:version" }));
		assert.is_true(facts("out", "iq", { type = "result" }, "query", { xmlns = "jabber:iq:roster" }));
		assert.is_true(facts("out", "iq", { type = "set" }, "query", { xmlns = "jabber:iq:roster" }));
		assert.is_false(facts("in", "iq", { type = "set" }, "query", { xmlns = "jabber:iq:roster" }));
		assert.is_true(facts("in", "iq", { type = "set" }, "block", { xmlns = "urn:xmpp:blocking" }));
		assert.is_false(facts("in", "iq", { type = "result" }));
		local publish = { name = "publish", attr = { node = "urn:xmpp:mds:displayed:0" } };
		local other = { name = "publish", attr = { node = "eu.siacs.conversations.axolotl.devicelist" } };
		local pubsub = { xmlns = "http://jabber.org/protocol/pubsub" };
		assert.is_true(facts("in", "iq", { type = "set" }, "pubsub", pubsub, publish));
		assert.is_false(facts("in", "iq", { type = "set" }, "pubsub", pubsub, other));
		assert.is_false(facts("in", "iq", { type = "set" }, "pubsub", pubsub));
		assert.is_false(stanzas.is_wanted(stanza("presence", {}, "c", caps), "in", false));
	end);

	it("finds the domain of a raw address", function ()
		assert.equal("a.test", stanzas.host_of("Anna@A.Test./x@y/z"));
		assert.equal("a.test", stanzas.host_of("a.test"));
		assert.equal("a.test", stanzas.host_of("a.test/r"));
		assert.is_nil(stanzas.host_of(nil));
	end);

	it("writes times with microseconds, and no two alike", function ()
		local now = 1763805600.123456;
		local time = stanzas.new_clock(function () return now; end);
		assert.equal("2025-11-22T10:00:00.123456Z", time());
		assert.equal("2025-11-22T10:00:00.123457Z", time());
		now = 1763805600.999999;
		assert.equal("2025-11-22T10:00:00.999999Z", time());
		assert.equal("2025-11-22T10:00:01.000000Z", time());
		now = 1763805000; -- the clock was put back: that is how it is
		assert.equal("2025-11-22T09:50:00.000000Z", time());
	end);

	it("escapes what JSON wants escaped", function ()
		local function members(...)
			local head, body = stanzas.members(...);
			return head .. body;
		end
		assert.equal([["ts":"T","dir":"in","session":"a@b/\"","stanza":"<message/>]],
			members("T", "in", 'a@b/"', "<message/>"));
		assert.equal([["ts":"T","dir":"route","stanza":"a\"b\\c\nd\te\u0001\u007f]],
			members("T", "route", nil, 'a"b\\c\nd\te\1\127'));
		assert.equal([["ts":"T","dir":"out","stanza":"ż\r]], members("T", "out", nil, "ż\r"));
	end);

	it("serialises as Prosody does", function ()
		package.path = "/usr/lib/prosody/?.lua;" .. package.path;
		package.cpath = "/usr/lib/prosody/?.so;" .. package.cpath;
		local st = require "util.stanza";
		local texts = { "plain", "", "<&>'\"", "it's", 'say "x"', "a\nb\tc", "zażółć 🐟", "&amp;", "]]>" };
		local names = { "body", "x", "forwarded", "message" };
		local spaces = { false, "jabber:client", "urn:x", "urn:y'&" };
		local seed = os.time();
		math.randomseed(seed);
		local function pick(list) return list[math.random(#list)]; end
		local function attributes()
			local attr = { xmlns = pick(spaces) or nil };
			for _, name in ipairs { "id", "to", "urn:x\1lang", "xml:lang" } do
				if math.random(3) == 1 then attr[name] = pick(texts); end
			end
			return attr;
		end
		local function fill(element, depth)
			for _ = 1, math.random(0, 4) do
				if math.random(2) == 1 or depth == 0 then
					element:text(pick(texts));
				else
					element:tag(pick(names), attributes());
					fill(element, depth - 1);
					element:up();
				end
			end
		end
		for i = 1, 500 do
			local whole = st.stanza("message", attributes());
			fill(whole, 4);
			assert.equal(tostring(whole), stanzas.serialise(whole), ("seed %d, number %d"):format(seed, i));
		end
	end);
end);
