-- SPDX-License-Identifier: Apache-2.0
-- Feeds receiptd: every message that a client or another server sends to this host or gets from it, as an
-- observation, through a queue on disk, by HTTP. Nothing here waits for anything, and a fault in here never
-- touches a stanza. See README.md.

module:set_global();

local filters = require "util.filters";
local http = require "net.http";
local json = require "util.json";
local lfs = require "lfs";
local now = require "util.time".now;
local random_number = math.random;
local new_id = require "util.id".short;
local paths = require "util.paths";
local st = require "util.stanza";
local timer = require "util.timer";

local queue_lib = module:require "queue";
local sender_lib = module:require "sender";
local stanzas = module:require "stanzas";

local host_of, is_wanted, serialise = stanzas.host_of, stanzas.is_wanted, stanzas.serialise;
local next, pairs, pcall = next, pairs, pcall;

local default_url = "http://127.0.0.1:8480/v1/feed";
local default_limit = 256 * 1024 * 1024;
local report_interval, complain_interval = 600, 60;

local feeds = {}; -- host -> its feed; hosts without the module have none

-- As the server's own requests are (certificates are checked). Prosody 0.13 keeps connections; 0.12 opens one each time.
local client = http.default.new { connection_pooling = true };

local fs = {
	open = io.open, rename = os.rename, remove = os.remove, dir = lfs.dir;
	size = function (path) return lfs.attributes(path, "size"); end;
};

-- One line, and the same again at most once a minute with a count.
local function new_complaints(log)
	local said = {};
	return function (kind, text, ...)
		local before, t = said[kind], now();
		if before and t - before.at < complain_interval then
			before.count = before.count + 1;
			return;
		end
		said[kind] = { at = t, count = 0 };
		if before and before.count > 0 then
			text = text .. (" (and %d times since the last such line)"):format(before.count);
		end
		log(kind == "feed" and "warn" or "error", text, ...);
	end
end

--- Sessions: what is read and written there.

-- A feed takes what its own users send and get. What users of a host without the module send to it, or get
-- from it, counts for it too: so a MUC component shows all of its rooms.
local function feed_of(host, address)
	return feeds[host] or feeds[host_of(address)];
end

-- Another server is believed for the domains that it has proven to be.
local function is_proven(session, from)
	local proven = session.hosts and session.hosts[host_of(from)];
	return proven and proven.authed;
end

local function notice(stanza, session, incoming)
	if not next(feeds) then return; end
	local kind, attr, dir, feed, jid = session.type, stanza.attr, nil, nil, nil;
	if kind == "c2s" then
		jid = session.full_jid;
		-- What goes to a client that is away (XEP-0198) is not written to anybody yet.
		dir = incoming and "in" or session.hibernating and "route" or "out";
		feed = feed_of(session.host, incoming and attr.to or not incoming and attr.from or nil);
	elseif kind == "s2sin" or kind == "s2sout" then
		dir = incoming and "s2s-in" or "s2s-out";
		if incoming and not is_proven(session, attr.from) then return; end
		feed = feeds[host_of(incoming and attr.to or attr.from)];
	end
	if feed and is_wanted(stanza, dir, feed.facts) then
		feed:put(dir, jid, serialise(stanza));
	end
end

-- What goes wrong here is a line in the log, never somebody's message.
local complain_fault = new_complaints(function (...) return module:log(...); end);
local function safely(f, ...)
	local ok, err = pcall(f, ...);
	if not ok then complain_fault("fault", "A stanza was not noticed: %s", err); end
end

local function new_filter(incoming)
	return function (stanza, session)
		local name = stanza.name;
		if name == "message" or name == "presence" or name == "iq" then
			safely(notice, stanza, session, incoming);
		end
		return stanza;
	end
end

local filter_in, filter_out = new_filter(true), new_filter(false);

-- As parsed, after what other modules did to it on its way in, and before what they do on its way out.
local function watch(session)
	filters.add_filter(session, "stanzas/in", filter_in, -9000);
	filters.add_filter(session, "stanzas/out", filter_out, 9000);
end

local function unwatch(session)
	filters.remove_filter(session, "stanzas/in", filter_in);
	filters.remove_filter(session, "stanzas/out", filter_out);
end

local function each_session(f)
	for _, session in pairs(prosody.full_sessions) do f(session); end
	for session in pairs(prosody.incoming_s2s) do f(session); end
	for _, host in pairs(prosody.hosts) do
		for _, session in pairs(host.s2sout or {}) do f(session); end
	end
end

filters.add_filter_hook(watch);
each_session(watch);

function module.unload()
	filters.remove_filter_hook(watch);
	each_session(unwatch);
end

--- A host's feed.

local feed_methods = {};
local feed_mt = { __index = feed_methods };

function feed_methods:put(dir, jid, text)
	local ts = self.time();
	local head, body = stanzas.members(ts, dir, jid, text);
	if self.queue:append(head, body, ts) then
		self.measures.queued(1);
	else
		self.measures.dropped(1);
	end
end

-- At the end of the turn of the server's loop in which something came: one write for all of it.
function feed_methods:flush_soon()
	if self.stopping then return self.queue:flush(); end
	if self.flushing then return; end
	self.flushing = true;
	timer.add_task(0, function ()
		self.flushing = false;
		if self.closed then return; end
		self.queue:flush();
		self.sender:wake();
	end);
end

function feed_methods:close()
	if self.closed then return; end
	self.closed = true;
	self.sender:stop();
	self.queue:close();
end

local function read_token(module)
	local name = module:get_option_string("receiptd_token_file");
	if not name then return module:get_option_string("receiptd_token"); end
	local path = paths.resolve_relative_path(prosody.paths.config or ".", name);
	local file, err = io.open(path, "r");
	if not file then
		module:log("error", "receiptd_token_file cannot be read: %s", err);
		return nil;
	end
	local token = file:read("*l");
	file:close();
	return token and token:match("^%s*(.-)%s*$");
end

-- Prosody writes hosts into names of folders like this.
local function folder_of(host)
	local name = host:gsub("[^%w]", function (c) return ("%%%02x"):format(c:byte()); end);
	local data = prosody.paths.data or ".";
	lfs.mkdir(data .. "/" .. name);
	local folder = data .. "/" .. name .. "/receiptd";
	lfs.mkdir(folder);
	return folder;
end

local function post_to(url)
	return function (body, headers, done)
		local request = client:request(url, { method = "POST", body = body, headers = headers }, done);
		return function ()
			if request then http.destroy_request(request); end
		end;
	end
end

local function later(seconds, f)
	local id = timer.add_task(seconds, function () f(); end);
	return { stop = function () timer.stop(id); end };
end

local function new_measures(module)
	local measures = {};
	for _, name in ipairs { "queued", "sent", "dropped", "refused", "quarantined", "failures" } do
		measures[name] = module:measure(name, "counter");
	end
	return measures;
end

local function new_queue(module, feed, complain)
	return queue_lib.open {
		folder = folder_of(module.host);
		limit = module:get_option_number("receiptd_queue_limit", default_limit);
		now = feed.time, clock = now, fs = fs, complain = complain;
		wake = function () feed:flush_soon(); end;
	};
end

local function new_sender(module, feed, complain)
	local token = read_token(module);
	if not token then module:log("error", "No receiptd_token is set: the receiver will refuse what it gets"); end
	return sender_lib.new {
		queue = feed.queue, stream = module:get_option_string("receiptd_stream", module.host);
		heartbeat = module:get_option_number("receiptd_heartbeat", 5);
		run = new_id(), later = later, clock = now, random = random_number, complain = complain;
		post = post_to(module:get_option_string("receiptd_url", default_url));
		token = function () return token; end;
		renew_token = function () token = read_token(module); end;
		decode = function (text) return (json.decode(text)); end;
		log = function (...) return module:log(...); end;
		count = function (what, n) feed.measures[what](n); end;
	};
end

-- Of an event: a copy with an address that the server may have taken away.
local function put_event(feed, event, dir, to)
	local copy = st.clone(event.stanza);
	copy.attr.xmlns, copy.attr.to = nil, copy.attr.to or to;
	if is_wanted(copy, dir, false) then feed:put(dir, nil, serialise(copy)); end
end

-- XEP-0114 sessions have no filters: what goes to a component is seen at its host, what comes from it where it
-- is handled first.
local function watch_component(module, feed)
	local function to_component(event)
		local component = prosody.hosts[module.host].modules.component;
		if component and component.connected then safely(put_event, feed, event, "comp-out"); end
	end
	for _, kind in ipairs { "message/bare", "message/full", "message/host" } do
		module:hook(kind, to_component, -0.9); -- mod_component takes it at -1
	end
end

local function watch_host(module, feed)
	local function from_component(event)
		local origin = event.origin;
		-- The host of a component of Prosody's own is of that type too, but it has no connection.
		if origin and origin.type == "component" and origin.conn then safely(put_event, feed, event, "comp-in"); end
	end
	for _, kind in ipairs { "message/bare", "message/full", "message/host", "route/remote" } do
		module:hook(kind, from_component, 9000);
	end

	-- What opened a connection to another server waited as text and goes out now, past the filters.
	local function put_waiting(session)
		for _, item in ipairs(session.sendq or {}) do
			if item[1]:find("^<message[ />]") then feed:put("s2s-out", nil, item[1]); end
		end
	end
	module:hook("s2sout-established", function (event) safely(put_waiting, event.session); end, 9000);

	-- Kept for a user who is away: taken by the server, written to nobody.
	module:wrap_event("message/offline/handle", function (handlers, name, event)
		local kept = handlers(name, event);
		if kept then safely(put_event, feed, event, "route", event.username .. "@" .. module.host); end
		return kept;
	end);
end

local function report_drops(module, feed)
	local said = 0;
	module:add_timer(report_interval, function ()
		local dropped = feed.queue.dropped;
		if dropped > said then
			module:log("warn", "%d observations were dropped in the last 10 minutes: the queue is full or cannot be written",
				dropped - said);
			said = dropped;
		end
		return report_interval;
	end);
end

function module.add_host(module)
	local feed = setmetatable({ time = stanzas.new_clock(now), measures = new_measures(module) }, feed_mt);
	local complain = new_complaints(function (...) return module:log(...); end);
	feed.facts = module:get_option_boolean("receiptd_facts", true);
	feed.queue = new_queue(module, feed, complain);
	feed.sender = new_sender(module, feed, complain);

	watch_host(module, feed);
	if module:get_host_type() == "component" and module:get_option_string("component_module") == "component" then
		watch_component(module, feed);
	end
	report_drops(module, feed);
	module:add_timer(1, function ()
		feed.queue:tick();
		feed.sender:tick();
		return 1;
	end);
	local queue_bytes = module:measure("queue_bytes", "amount");
	module:hook_global("stats-update", function () queue_bytes(feed.queue.bytes); end);
	module:hook_global("server-stopping", function ()
		feed.stopping = true; -- no further turn of the loop is certain
		feed.queue:flush();
	end, 9000);
	module:hook_global("server-stopped", function () feed:close(); end);

	feeds[module.host] = feed;
	feed.sender:wake();
	module:log("info", "Feeding %s as stream %s; %d items wait from before",
		module:get_option_string("receiptd_url", default_url), feed.sender.stream, feed.queue:count());

	function module.unload()
		feeds[module.host] = nil;
		feed:close();
	end
end
