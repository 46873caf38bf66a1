-- Sends the requests of the file BENCH_REQUESTS in turn, for ever: a line is a path, a space and an access token.
local requests, next_one = {}, 0

function init(args)
  for line in io.lines(os.getenv("BENCH_REQUESTS")) do
    local path, token = line:match("(%S+) (%S+)")
    requests[#requests + 1] = wrk.format("GET", path, {Authorization = "Bearer " .. token})
  end
end

function request()
  next_one = next_one % #requests + 1
  return requests[next_one]
end
