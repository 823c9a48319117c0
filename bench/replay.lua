-- Sends the records of a file, each a whole HTTP request of `length` bytes.
-- Arguments: FILE LENGTH FIRST COUNT ORDER; ORDER is `random`, or `once` for requests that work a single time.

local file, length, first, count, order, sent

function init(args)
  file = assert(io.open(args[1], "rb"))
  length, first, count, order, sent = tonumber(args[2]), tonumber(args[3]), tonumber(args[4]), args[5], 0
  math.randomseed(os.time())
end

function request()
  local record
  if order == "random" then
    record = first + math.random(0, count - 1)
  else
    record = first + sent % count  -- past the end the server refuses, and the run counts as failed
    sent = sent + 1
  end
  file:seek("set", record * length)
  return file:read(length)
end

function done(summary, latency, requests)
  local errors = summary.errors
  print(string.format("RESULT %d %d %d %d %d %d", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
