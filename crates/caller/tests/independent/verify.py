"""Judges what the caller signs, with PyJWT, cryptography and oauthlib. Reads one JSON object, prints one.

keys                 -> fresh private keys in the forms that people have them in
assertion            -> the claims and the header of a token, if its signature is right
oauth1               -> the Authorization header that oauthlib makes of the same request
"""

import json
import sys

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from oauthlib import oauth1
from oauthlib.oauth1.rfc5849.utils import parse_authorization_header


def pem(key, form):
    none = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, none).decode()


def public(private):
    key = serialization.load_pem_private_key(private.encode(), None)
    return key.public_key()


def keys(_):
    pkcs8 = serialization.PrivateFormat.PKCS8
    traditional = serialization.PrivateFormat.TraditionalOpenSSL
    rsa_key = rsa.generate_private_key(65537, 3072)
    p256, p384 = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())
    return {
        "rsa": [pem(rsa_key, pkcs8), pem(rsa_key, traditional)],
        "p256": [pem(p256, pkcs8), pem(p256, traditional)],
        "p384": [pem(p384, pkcs8), pem(p384, traditional)],
    }


def assertion(asked):
    options = {"require": asked["require"]}
    claims = jwt.decode(
        asked["token"], public(asked["key"]), algorithms=[asked["algorithm"]], audience=asked["audience"], options=options
    )
    return {"header": jwt.get_unverified_header(asked["token"]), "claims": claims}


def oauth1_header(asked):
    sent = dict(parse_authorization_header(asked["authorization"]))
    client = oauth1.Client(
        asked["consumer_key"],
        client_secret=asked["consumer_secret"],
        resource_owner_key=asked["access_id"],
        resource_owner_secret=asked["access_secret"],
        realm=sent["realm"],
        nonce=sent["oauth_nonce"],
        timestamp=sent["oauth_timestamp"],
        signature_method=oauth1.SIGNATURE_HMAC_SHA256,
    )
    _, headers, _ = client.sign(asked["url"], http_method=asked["method"])
    return {"sent": sent, "expected": dict(parse_authorization_header(headers["Authorization"]))}


if __name__ == "__main__":
    judge = {"keys": keys, "assertion": assertion, "oauth1": oauth1_header}[sys.argv[1]]
    json.dump(judge(json.load(sys.stdin)), sys.stdout)
