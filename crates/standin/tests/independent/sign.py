"""Signs in to stand-ins with oauthlib, PyJWT and cryptography, rightly and wrongly in every single way.

keys             prints fresh keys as JSON: for each name the private key and what a vendor gets of it, in PEM
netsuite|salesforce|sap
                 reads {"url", "keys"} and prints the cases: what was tried, the status that came and the one that
                 must, and for a refusal what must have been found wrong
"""

import base64
import datetime
import http.client
import json
import secrets
import sys
import time
import urllib.parse

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from oauthlib import oauth1

FORM = "application/x-www-form-urlencoded"


def private_pem(key):
    none = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, none).decode()


def certificate(key):
    """What `openssl req -x509` makes of a key."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "rampmeter")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now)
    builder = builder.not_valid_after(now + datetime.timedelta(days=1))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def public_pem(key):
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def keys():
    made = {
        "rsa": rsa.generate_private_key(65537, 3072),
        "other": rsa.generate_private_key(65537, 2048),
        "p256": ec.generate_private_key(ec.SECP256R1()),
        "p384": ec.generate_private_key(ec.SECP384R1()),
    }
    return {
        name: {"private": private_pem(key), "certificate": certificate(key), "public": public_pem(key)}
        for name, key in made.items()
    }


class Vendor:
    """Sends requests to one stand-in and keeps what came of them."""

    def __init__(self, url, pems):
        self.url, self.keys, self.cases = url, pems, []
        self.host = urllib.parse.urlsplit(url).netloc

    def send(self, method, path, headers=None, body=None):
        connection = http.client.HTTPConnection(self.host, timeout=20)
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer, text

    def expect(self, case, status, why, method, path, headers=None, body=None):
        answer, text = self.send(method, path, headers, body)
        self.cases.append({"case": case, "status": answer.status, "expected": status, "why": why})
        return answer, text

    def form(self, case, status, why, path, fields, headers=None):
        body = urllib.parse.urlencode(fields)
        return self.expect(case, status, why, "POST", path, {"content-type": FORM, **(headers or {})}, body)

    def private(self, name):
        return self.keys[name]["private"]


# NetSuite


RECORD = "/services/rest/record/v1/salesOrder/eid:SO-1"
TOKEN = "/services/rest/auth/oauth2/v1/token"
SECRETS = {"client_secret": "consumer&secret", "resource_owner_secret": "access secret \u00e9"}


def signed(vendor, method, path, nonce=None, timestamp=None, **changes):
    arguments = {
        "client_key": "consumer+key",
        "resource_owner_key": "access-id",
        "realm": "1234567_SB1",
        "signature_method": oauth1.SIGNATURE_HMAC_SHA256,
        "nonce": nonce or secrets.token_hex(10),
        "timestamp": timestamp or str(int(time.time())),
        **SECRETS,
        **changes,
    }
    client = oauth1.Client(**arguments)
    _, headers, _ = client.sign(vendor.url + path, http_method=method)
    return headers["Authorization"]


def token_based(vendor):
    def attempt(case, status, why, authorization, method="GET", path=RECORD):
        body = "{}" if method == "PUT" else None
        return vendor.expect(case, status, why, method, path, {"Authorization": authorization}, body)

    attempt("create", 204, None, signed(vendor, "PUT", RECORD), "PUT")
    for query in [
        "q=companyName%20CONTAIN%20%22A%26B%22&limit=10&offset=0",
        "b=%C3%BC%20%E2%82%AC&a=x%2By%3Dz&a=",
        "empty=&tilde=~&star=*&plus=a+b",
    ]:
        path = f"{RECORD}?{query}"
        attempt(f"a query of {query}", 200, None, signed(vendor, "GET", path), path=path)

    good = signed(vendor, "GET", RECORD)
    attempt("good", 200, None, good)
    attempt("the same once more", 401, "the nonce was used before", good)
    now = int(time.time())
    wrong = "the signature is not that of the request and the secrets"
    for case, why, changes in [
        ("a wrong consumer secret", wrong, {"client_secret": "x"}),
        ("a wrong token secret", wrong, {"resource_owner_secret": "x"}),
        ("an unknown consumer key", "the consumer key is unknown", {"client_key": "x"}),
        ("an unknown token id", "the token id is unknown", {"resource_owner_key": "x"}),
        ("the host's spelling of the account", "the realm is not the account", {"realm": "1234567-sb1"}),
        ("HMAC-SHA1", "oauth_signature_method is not HMAC-SHA256", {"signature_method": oauth1.SIGNATURE_HMAC_SHA1}),
        ("an old timestamp", "oauth_timestamp is too far from the vendor's clock", {"timestamp": str(now - 400)}),
        ("a timestamp to come", "oauth_timestamp is too far from the vendor's clock", {"timestamp": str(now + 400)}),
        ("a short nonce", "oauth_nonce is not 6 to 64 letters and digits", {"nonce": "abcde"}),
        ("a nonce with a hyphen", "oauth_nonce is not 6 to 64 letters and digits", {"nonce": "abc-def-ghi"}),
    ]:
        attempt(case, 401, why, signed(vendor, "GET", RECORD, **changes))

    attempt("another method", 401, wrong, signed(vendor, "GET", RECORD), "PUT")
    attempt("another path", 401, wrong, signed(vendor, "GET", RECORD), path=RECORD.replace("SO-1", "SO-2"))
    attempt("another query", 401, wrong, signed(vendor, "GET", RECORD), path=f"{RECORD}?limit=1")
    fresh = signed(vendor, "GET", RECORD)
    begin, end = fresh.split('oauth_signature="')
    attempt("a changed signature", 401, wrong, f'{begin}oauth_signature="{"B" if end[0] == "A" else "A"}{end[1:]}')
    missing = "a parameter is missing or there twice"
    attempt("no version", 401, missing, fresh.replace('oauth_version="1.0", ', ""))
    attempt("version 2", 401, "oauth_version is not 1.0", fresh.replace('oauth_version="1.0"', 'oauth_version="2.0"'))
    attempt("no realm", 401, missing, fresh.replace('realm="1234567_SB1",', ""))
    hashed = f'{fresh}, oauth_body_hash="2jmj7l5rSw0yVb%2FvlWAYkK%2FYBwk%3D"'
    attempt("a body hash", 401, "there is an oauth_body_hash: a JSON body is not signed", hashed)
    vendor.expect("nothing", 401, "there is no Authorization header", "GET", RECORD)


def assertion(vendor, key="rsa", alg="PS256", kid="certificate-rsa", headers=None, drop=(), **claims):
    now = int(time.time())
    claims = {
        "iss": "client",
        "scope": ["restlets", "rest_webservices"],
        "aud": vendor.url + TOKEN,
        "iat": now,
        "exp": now + 300,
        **claims,
    }
    for name in drop:
        del claims[name]
    signing = vendor.private(key) if key else None
    return jwt.encode(claims, signing, algorithm=alg, headers={"typ": "JWT", "kid": kid, **(headers or {})})


def confused(vendor):
    """HS256 with the public key as its secret: PyJWT refuses to make it, so it is made by hand."""
    import hashlib
    import hmac

    parts = assertion(vendor).split(".")
    header = {"typ": "JWT", "alg": "HS256", "kid": "certificate-rsa"}
    encoded = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    text = f"{encoded}.{parts[1]}"
    digest = hmac.new(vendor.keys["rsa"]["public"].encode(), text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def certificates(vendor):
    def attempt(case, status, why, token, **changes):
        fields = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": token,
            **changes,
        }
        return vendor.form(case, status, why, TOKEN, fields)

    for key, alg in [("rsa", "PS256"), ("rsa", "PS384"), ("rsa", "PS512"), ("p256", "ES256"), ("p384", "ES384")]:
        _, text = attempt(alg, 200, None, assertion(vendor, key, alg, f"certificate-{key}"))
        granted = json.loads(text)
        assert granted["token_type"] == "bearer" and granted["expires_in"] == "5", granted
        bearer = {"Authorization": f"Bearer {granted['access_token']}"}
        vendor.expect(f"a token of {alg}", 200, None, "GET", RECORD, bearer)
    attempt("scopes with commas", 200, None, assertion(vendor, scope="restlets,rest_webservices"))

    not_allowed = "the assertion's algorithm is not allowed"
    signature = "the assertion's signature is not of the registered key"
    unknown = "the assertion's kid is no certificate of the account"
    now = int(time.time())
    unsigned = assertion(vendor, None, "none")
    parts = assertion(vendor).split(".")
    other = assertion(vendor, iss="client", scope=["suite_analytics"]).split(".")
    for case, why, token in [
        ("RS256", not_allowed, assertion(vendor, alg="RS256")),
        ("HS256 with the public key as secret", not_allowed, confused(vendor)),
        ("no signature at all", not_allowed, unsigned),
        ("another key", signature, assertion(vendor, "other")),
        ("a key of another kind", signature, assertion(vendor, "p256", "ES256")),
        ("claims of another assertion", signature, f"{parts[0]}.{other[1]}.{parts[2]}"),
        ("an unknown certificate", unknown, assertion(vendor, kid="certificate-x")),
        ("no certificate", unknown, assertion(vendor, kid="")),
        ("typ of another kind", "the assertion's typ is not JWT", assertion(vendor, headers={"typ": "at+jwt"})),
        ("another client", "the assertion's iss is not the client of the certificate", assertion(vendor, iss="x")),
        ("another audience", "the assertion's aud is not the URL for tokens", assertion(vendor, aud=vendor.url)),
        ("expired", "the assertion has expired", assertion(vendor, iat=now - 600, exp=now - 1)),
        ("of tomorrow", "the assertion's iat lies in the future", assertion(vendor, iat=now + 900, exp=now + 1000)),
        ("of an hour", "the assertion is valid for an hour or longer", assertion(vendor, exp=now + 3600, iat=now)),
        ("without iat", "the assertion has no iat", assertion(vendor, drop=["iat"])),
        ("without exp", "the assertion has no exp", assertion(vendor, drop=["exp"])),
        ("no JWT", "the assertion is no JWT of three parts", "x"),
    ]:
        attempt(case, 401, why, token)
    named = assertion(vendor, jti="once")
    attempt("a named assertion", 200, None, named)
    attempt("the same once more", 401, "the assertion's jti was used before", named)
    scope = "the assertion's scope is missing or holds what NetSuite does not have"
    attempt("an unknown scope", 400, scope, assertion(vendor, scope=["everything"]))
    attempt("no scope", 400, scope, assertion(vendor, drop=["scope"]))
    good = assertion(vendor)
    attempt("another grant", 400, "grant_type is not client_credentials", good, grant_type="password")
    attempt("another kind", 400, "client_assertion_type is not jwt-bearer", good, client_assertion_type="x")
    vendor.expect("no form", 400, "the request for a token is no form", "POST", TOKEN, {}, "{}")
    vendor.expect("by GET", 400, "a token is asked for by POST", "GET", TOKEN)

    _, text = attempt("for RESTlets alone", 200, None, assertion(vendor, scope=["restlets"]))
    bearer = {"Authorization": f"Bearer {json.loads(text)['access_token']}"}
    vendor.expect("the wrong surface", 401, "the access token lacks the scope", "GET", RECORD, bearer)
    restlet = "/app/site/hosting/restlet.nl?script=6&deploy=1&recordType=salesOrder&externalId=SO-1"
    vendor.expect("its own surface", 200, None, "GET", restlet, bearer)
    time.sleep(5.1)
    vendor.expect("five seconds later", 401, "the access token has expired", "GET", restlet, bearer)
    invented = {"Authorization": "Bearer standin.invented"}
    vendor.expect("an invented token", 401, "the access token was never given out", "GET", RECORD, invented)


def netsuite(vendor):
    token_based(vendor)
    certificates(vendor)


# Salesforce


def salesforce(vendor):
    path, order = "/services/oauth2/token", "/services/data/v60.0/sobjects/Order/Number__c/SO-1"
    now = int(time.time())

    def claim(key="rsa", alg="RS256", drop=(), **changes):
        claims = {
            "iss": "consumer",
            "sub": "integration@example.com",
            "aud": "https://login.salesforce.com",
            "exp": int(time.time()) + 120,
            **changes,
        }
        for name in drop:
            del claims[name]
        return jwt.encode(claims, vendor.private(key), algorithm=alg)

    def attempt(case, status, why, token, grant="urn:ietf:params:oauth:grant-type:jwt-bearer"):
        return vendor.form(case, status, why, path, {"grant_type": grant, "assertion": token})

    _, text = attempt("a JWT", 200, None, claim())
    granted = json.loads(text)
    assert granted["instance_url"] == vendor.url and "expires_in" not in granted, granted
    bearer = {"Authorization": f"Bearer {granted['access_token']}"}
    answer, _ = vendor.expect("an upsert", 201, None, "PATCH", order, bearer, "{}")
    assert answer.getheader("sforce-limit-info").startswith("api-usage=1/"), answer.getheaders()

    signature = "the assertion's signature is not of the registered key"
    late = "the assertion is valid for more than three minutes"
    user = "the assertion's sub is no user that is pre-authorised"
    audience = "the assertion's aud is not the host to sign in at"
    for case, why, token in [
        ("PS256", "the assertion's algorithm is not allowed", claim(alg="PS256")),
        ("another key", signature, claim("other")),
        ("another app", "the assertion's iss is no connected app with a certificate", claim(iss="x")),
        ("another user", user, claim(sub="admin@example.com")),
        ("no user", user, claim(drop=["sub"])),
        ("a sandbox's audience", audience, claim(aud="https://test.salesforce.com")),
        ("the token URL as audience", audience, claim(aud=vendor.url + path)),
        ("expired", "the assertion has expired", claim(exp=now - 1)),
        ("of an hour", late, claim(exp=now + 3600)),
        ("without exp", "the assertion has no exp", claim(drop=["exp"])),
        ("no JWT", "the assertion is no JWT of three parts", "x"),
    ]:
        attempt(case, 400, why, token)
    attempt("another grant", 400, "grant_type is neither jwt-bearer nor client_credentials", claim(), "password")

    secret = {"grant_type": "client_credentials", "client_id": "consumer", "client_secret": "s3cret&"}
    vendor.form("a secret in the form", 200, None, path, secret)
    basic = base64.b64encode(b"consumer:s3cret%26").decode()
    grant = {"grant_type": "client_credentials"}
    vendor.form("a secret in the header", 200, None, path, grant, {"Authorization": f"Basic {basic}"})
    two = "client_id and client_secret are missing or shown in two places"
    vendor.form("in both", 400, two, path, secret, {"Authorization": f"Basic {basic}"})
    vendor.form("a wrong secret", 400, "the client secret is wrong", path, {**secret, "client_secret": "x"})
    vendor.form("a wrong client", 400, "the client id is no connected app", path, {**secret, "client_id": "x"})
    vendor.expect("no token", 401, "there is no bearer token", "PATCH", order, {}, "{}")
    time.sleep(5.1)
    vendor.expect("five seconds later", 401, "the access token has expired", "PATCH", order, bearer, "{}")


# SAP


def sap(vendor):
    service = "/sap/opu/odata/sap/API_SALES_ORDER_SRV/"
    orders = service + "A_SalesOrder"
    user = {"Authorization": "Basic " + base64.b64encode(b"USER:pass:word").decode()}
    wrong = {"Authorization": "Basic " + base64.b64encode(b"USER:password").decode()}
    vendor.expect("a user", 200, None, "GET", service, user)
    vendor.expect("a wrong password", 401, "the user or the password is wrong", "GET", service, wrong)
    vendor.expect("nobody", 401, "there is no sign-in that the system takes", "GET", service)
    vendor.expect("a key", 200, None, "GET", service, {"APIKey": "k-1"})
    vendor.expect("a wrong key", 401, "the API key is wrong", "GET", service, {"APIKey": "k-2"})

    grant = {"grant_type": "client_credentials"}
    basic = {"Authorization": "Basic " + base64.b64encode(b"client:secret").decode()}
    _, text = vendor.form("a client", 200, None, "/oauth/token", grant, basic)
    bearer = {"Authorization": f"Bearer {json.loads(text)['access_token']}"}
    vendor.expect("its token", 200, None, "GET", service, bearer)
    missing = "client id and secret are missing or shown in two places"
    vendor.form("no client", 401, missing, "/oauth/token", grant)
    other = {"Authorization": "Basic " + base64.b64encode(b"client:x").decode()}
    vendor.form("a wrong secret", 401, "the client id or its secret is wrong", "/oauth/token", grant, other)
    vendor.form("another grant", 400, "grant_type is not client_credentials", "/oauth/token", {}, basic)

    answer, _ = vendor.expect("a session", 200, None, "GET", service, {**user, "X-CSRF-Token": "Fetch"})
    token = answer.getheader("x-csrf-token")
    cookies = [value.split(";")[0] for name, value in answer.getheaders() if name.lower() == "set-cookie"]
    assert len(cookies) == 2, cookies
    required = "the CSRF token or its cookies are missing, old or of another session"
    jar = "; ".join(cookies)
    vendor.expect("a create", 201, None, "POST", orders, {**user, "X-CSRF-Token": token, "Cookie": jar}, "{}")
    for case, headers in [
        ("no token", {"Cookie": jar}),
        ("no cookies", {"X-CSRF-Token": token}),
        ("one cookie of two", {"X-CSRF-Token": token, "Cookie": cookies[0]}),
        ("a wrong token", {"X-CSRF-Token": "x", "Cookie": jar}),
    ]:
        answer, _ = vendor.expect(case, 403, required, "POST", orders, {**user, **headers}, "{}")
        assert answer.getheader("x-csrf-token") == "Required"
    time.sleep(5.1)
    old = {**user, "X-CSRF-Token": token, "Cookie": jar}
    vendor.expect("an old session", 403, required, "POST", orders, old, "{}")
    vendor.expect("an old token", 401, "the access token has expired", "GET", service, bearer)


if __name__ == "__main__":
    if sys.argv[1] == "keys":
        json.dump(keys(), sys.stdout)
    else:
        asked = json.load(sys.stdin)
        vendor = Vendor(asked["url"], asked["keys"])
        {"netsuite": netsuite, "salesforce": salesforce, "sap": sap}[sys.argv[1]](vendor)
        json.dump(vendor.cases, sys.stdout)
