-- SPDX-License-Identifier: Apache-2.0
-- What the specs stand on: folders that are thrown away, a clock and timers that the spec turns, files that fail.
local lfs = require "lfs";

local here = debug.getinfo(1, "S").source:match("^@(.*)spec/helper%.lua$") or "";
local helper = {};

function helper.library(name)
	return assert(loadfile(here .. name .. ".lib.lua"))();
end

function helper.module_path()
	return here .. "mod_receiptd.lua";
end

function helper.folder()
	local name = os.tmpname();
	os.remove(name);
	assert(lfs.mkdir(name));
	return name;
end

function helper.remove(folder)
	for name in lfs.dir(folder) do
		local path = folder .. "/" .. name;
		if name ~= "." and name ~= ".." then
			if lfs.attributes(path, "mode") == "directory" then helper.remove(path); else os.remove(path); end
		end
	end
	lfs.rmdir(folder);
end

function helper.read(path)
	local file = io.open(path, "rb");
	if not file then return nil; end
	local text = file:read("*a");
	file:close();
	return text;
end

function helper.write(path, text, mode)
	local file = assert(io.open(path, mode or "wb"));
	file:write(text);
	file:close();
end

function helper.segments(folder)
	local names = {};
	for name in lfs.dir(folder) do
		if name:find("%.ndjson$") then names[#names + 1] = folder .. "/" .. name; end
	end
	table.sort(names);
	return names;
end

-- A world with its own time. world.fail(path, mode): the number of bytes after which a write fails.
function helper.world()
	local world = { time = 1000, timers = {}, complaints = {}, logged = {}, counted = {} };
	function world.clock() return world.time; end
	function world.now() return ("T%08.3f"):format(world.time); end
	function world.later(seconds, f)
		local timer = { at = world.time + seconds, f = f };
		function timer.stop() timer.f = nil; end
		table.insert(world.timers, timer);
		return timer;
	end
	-- Lets time pass until nothing is due within so many seconds.
	function world.pass(seconds)
		local stop = world.time + seconds;
		while true do
			table.sort(world.timers, function (a, b) return a.at < b.at; end);
			local timer = world.timers[1];
			if not timer or timer.at > stop then break; end
			table.remove(world.timers, 1);
			world.time = math.max(world.time, timer.at);
			if timer.f then timer.f(); end
		end
		world.time = stop;
	end
	function world.complain(kind, text, ...)
		table.insert(world.complaints, kind .. ": " .. text:format(...));
	end
	function world.log(level, text, ...)
		table.insert(world.logged, level .. ": " .. text:format(...));
	end
	function world.count(what, n) world.counted[what] = (world.counted[what] or 0) + n; end

	world.fs = { rename = os.rename, remove = os.remove, dir = lfs.dir };
	function world.fs.size(path) return lfs.attributes(path, "size"); end
	function world.fs.open(path, mode)
		local room = mode == "wb" and world.room and world.room(path);
		if room == 0 then return nil, "No space left on device"; end
		local file, err = io.open(path, mode);
		if not file or not room then return file, err; end
		local waits = "";
		local function out()
			local text = waits:sub(1, room);
			file:write(text);
			file:flush();
			room, waits = room - #text, waits:sub(#text + 1);
			if waits ~= "" then return nil, "No space left on device"; end
			return true;
		end
		return setmetatable({
			write = function (_, ...) waits = waits .. table.concat({ ... }); return true; end;
			flush = out;
			close = function () out(); file:close(); end;
		}, { __index = function (_, name) return function (_, ...) return file[name](file, ...); end end });
	end

	function world.queue(folder, limit)
		return helper.library "queue".open {
			folder = folder, limit = limit or 1000000, now = world.now, clock = world.clock;
			wake = world.wake or function () end, complain = world.complain, fs = world.fs;
		};
	end
	return world;
end

-- Numbers of the lines of a text.
function helper.numbers(text)
	local numbers = {};
	for seq in (text or ""):gmatch('{"seq":(%d+),') do numbers[#numbers + 1] = tonumber(seq); end
	return numbers;
end

function helper.range(first, last)
	local numbers = {};
	for seq = first, last do numbers[#numbers + 1] = seq; end
	return numbers;
end

return helper;
