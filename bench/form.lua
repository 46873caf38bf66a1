-- Posts the form in BENCH_FORM: from the environment, because others on the machine can read command lines.
wrk.method = "POST"
wrk.body = os.getenv("BENCH_FORM")
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
