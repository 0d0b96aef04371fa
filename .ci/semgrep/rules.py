# For each rule of rules.yml, lines that it finds and lines that it leaves alone.
# This is never run.

# ruleid: secret-compared-by-equals
found.signature == given
# ruleid: secret-compared-by-equals
request_digest != digest
# ok: secret-compared-by-equals
hmac.compare_digest(found.signature, given)
# ok: secret-compared-by-equals
SessionRow.secret_hash == hash_secret(secret)
# ok: secret-compared-by-equals
digest == ""

# ruleid: secret-from-weak-random
token = random.choice(letters)
# ruleid: secret-from-weak-random
ticket = uuid.uuid1()
# ok: secret-from-weak-random
time.sleep(random.uniform(1, 2))
# ok: secret-from-weak-random
token = secrets.token_urlsafe(32)

# ruleid: secret-in-log
log.warning("refused", code=code)
# ruleid: secret-in-log
get_logger().info("renewed", app=app.name, access_token=found)
# ok: secret-in-log
log.warning("refused", errcode=40029)

# ruleid: statement-from-text
session.execute(sa.text(f"SELECT * FROM users WHERE uid = '{uid}'"))
# ruleid: statement-from-text
session.execute(sa.text("SELECT * FROM " + name))
# ok: statement-from-text
session.execute(sa.text("SELECT * FROM users WHERE uid = :uid"), {"uid": uid})

# ruleid: call-outside-net
requests.get(avatar)
# ruleid: call-outside-net
urllib.request.urlopen(avatar)
# ok: call-outside-net
transport.get(avatar)

# ruleid: redirect-to-what-was-sent
redirect(request.args["next"])
# ruleid: redirect-to-what-was-sent
redirect(request.args.get("next"), 303)
# ok: redirect-to-what-was-sent
redirect(visitors.return_url(request.args.get("next")))

# ruleid: markup-from-text
Markup(f"<b>{nickname}</b>")
# ok: markup-from-text
Markup("<b>")

# ruleid: moment-without-zone
datetime.now()
# ok: moment-without-zone
datetime.now(UTC)
