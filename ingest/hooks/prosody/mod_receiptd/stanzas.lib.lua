-- SPDX-License-Identifier: Apache-2.0
-- Which stanzas become observations, and how one is written: the fields of PAIRING section 9 as JSON.

local s_char, s_find, s_format, s_gsub, s_match = string.char, string.find, string.format, string.gsub, string.match;
local t_concat = table.concat;
local floor = math.floor;

local xmlns_client = "jabber:client";
local xmlns_caps = "http://jabber.org/protocol/caps";
local xmlns_pubsub = "http://jabber.org/protocol/pubsub";
local mds_node = "urn:xmpp:mds:displayed:0";

-- K19, K18: what iq and presence say that findings need. Each is taken where the server hears it first, or,
-- where the server itself says it, where it is said: not once more for everybody who is told.
local iq_facts = {
	["in"] = {
		result = {
			["http://jabber.org/protocol/disco#info"] = true;
			["jabber:iq:version"] = true;
		};
		set = {
			["urn:xmpp:blocking"] = true;
			[xmlns_pubsub] = function (query)
				for _, child in ipairs(query.tags) do
					if child.name == "publish" then return child.attr.node == mds_node; end
				end
			end;
		};
	};
	["out"] = {
		result = { ["jabber:iq:roster"] = true };
		set = { ["jabber:iq:roster"] = true };
	};
	["s2s-in"] = {
		result = {
			["http://jabber.org/protocol/disco#info"] = true;
			["jabber:iq:version"] = true;
		};
	};
};
local presence_facts = { ["in"] = true, ["s2s-in"] = true };

local function is_fact(stanza, dir)
	local attr = stanza.attr;
	if stanza.name == "presence" then
		if attr.type or not presence_facts[dir] then return false; end
		for _, child in ipairs(stanza.tags) do
			if child.name == "c" and child.attr.xmlns == xmlns_caps then return true; end
		end
		return false;
	end
	local query = stanza.name == "iq" and stanza.tags[1];
	if not query then return false; end
	local of_type = iq_facts[dir] and iq_facts[dir][attr.type];
	local wanted = of_type and of_type[query.attr.xmlns];
	if type(wanted) == "function" then return wanted(query) or false; end
	return wanted or false;
end

-- facts: whether iq and presence are looked at.
local function is_wanted(stanza, dir, facts)
	local xmlns = stanza.attr.xmlns;
	if xmlns and xmlns ~= xmlns_client then return false; end
	if stanza.name == "message" then return true; end
	return facts and is_fact(stanza, dir) or false;
end

-- The domain of an address that may be raw, as a client wrote it.
local function host_of(jid)
	if not jid then return nil; end
	local host = s_match(s_match(jid, "^[^/]*"), "[^@]*$");
	return (host:lower():gsub("%.$", ""));
end

-- "2026-11-22T10:00:00.123456Z", later than the one before when the clock stands still: T1 orders by it.
local function new_clock(now)
	local last, second, prefix = 0, nil, nil;
	return function ()
		local t = floor(now() * 1000000 + 0.5);
		if t == last then t = t + 1; end
		last = t;
		local s = floor(t / 1000000);
		if s ~= second then
			second, prefix = s, os.date("!%Y-%m-%dT%H:%M:%S", s);
		end
		return s_format("%s.%06dZ", prefix, t % 1000000);
	end
end

-- Nearly no text has any of the characters, and looking for each of them is ten times as fast as replacing none.
local function new_escape(characters, pattern, escapes)
	local a, b, c, d, e = characters:byte(1, 5);
	a, b, c, d, e = s_char(a), s_char(b), s_char(c), s_char(d), s_char(e);
	return function (text)
		if s_find(text, a, 1, true) or s_find(text, b, 1, true) or s_find(text, c, 1, true)
		or s_find(text, d, 1, true) or s_find(text, e, 1, true) then
			return (s_gsub(text, pattern, escapes));
		end
		return text;
	end
end

local escape_text = new_escape("'&<>\"", "['&<>\"]",
	{ ["'"] = "&apos;", ['"'] = "&quot;", ["<"] = "&lt;", [">"] = "&gt;", ["&"] = "&amp;" });

-- XML has no other control characters than these three.
local escape_json = new_escape('"\\\n\t\r', '[%c"\\]',
	setmetatable({ ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" },
		{ __index = function (_, c) return s_format("\\u%04x", c:byte()); end }));

-- A table that makes what it is asked for and keeps it, if it is short; emptied when it is full.
local function new_memory(most, make)
	local count = 0;
	return setmetatable({}, { __index = function (memory, key)
		local made = make(key);
		if #key > 80 then return made; end
		if count >= most then
			for k in pairs(memory) do memory[k] = nil; end
			count = 0;
		end
		memory[key], count = made, count + 1;
		return made;
	end });
end

local openings = new_memory(500, function (name) return "<" .. name; end);
local endings = new_memory(500, function (name) return "</" .. name .. ">"; end);

-- Attributes are mostly namespaces, addresses and types that come again and again: name -> value -> text. Names with a
-- namespace of their own are not kept.
local attributes = new_memory(100, function (name)
	if s_find(name, "\1", 1, true) then return false; end
	return new_memory(1000, function (value) return " " .. name .. "='" .. escape_text(value) .. "'"; end);
end);

-- What tostring() of a stanza gives. It is most of what an observation costs, and Prosody collects garbage eagerly: so
-- pieces go into one table that stays, few of them, and hardly anything is made but the whole.
local buf = {};

local function put_prefixed(n, name, value, number)
	local ns, local_name = s_match(name, "^([^\1]*)\1?(.*)$");
	buf[n + 1] = s_format(" xmlns:ns%d='%s' ns%d:%s='%s'", number, escape_text(ns), number, local_name, escape_text(value));
	return n + 1;
end

local function put_element(n, element, parent_ns)
	local name, attr = element.name, element.attr;
	local spaces, length = 0, #element;
	n = n + 1;
	buf[n] = openings[name];
	for k, v in pairs(attr) do
		if k == "id" then -- always another one
			buf[n + 1], buf[n + 2], buf[n + 3] = " id='", escape_text(v), "'";
			n = n + 3;
		elseif k ~= "xmlns" or v ~= parent_ns then
			local kept = attributes[k];
			if kept then
				n = n + 1;
				buf[n] = kept[v];
			else
				spaces = spaces + 1;
				n = put_prefixed(n, k, v, spaces);
			end
		end
	end
	if length == 0 then
		buf[n + 1] = "/>";
		return n + 1;
	end
	n = n + 1;
	buf[n] = ">";
	for i = 1, length do
		local child = element[i];
		if child.name then
			n = put_element(n, child, attr.xmlns);
		else
			n = n + 1;
			buf[n] = escape_text(child);
		end
	end
	buf[n + 1] = endings[name];
	return n + 1;
end

local function serialise(stanza)
	return t_concat(buf, "", 1, put_element(0, stanza, nil));
end

-- An observation's members but for seq, which the queue gives: in two parts, the second one is the longer.
local function members(ts, dir, session, text)
	local head;
	if session then
		head = s_format('"ts":"%s","dir":"%s","session":"%s","stanza":"', ts, dir, escape_json(session));
	else
		head = s_format('"ts":"%s","dir":"%s","stanza":"', ts, dir);
	end
	return head, escape_json(text);
end

return {
	is_wanted = is_wanted;
	host_of = host_of;
	new_clock = new_clock;
	serialise = serialise;
	members = members;
};
