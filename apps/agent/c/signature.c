/* Ed25519, by TinySSH's code, which the build downloads (tools/build-agent/ed25519-source.ts). */
#include "host.h"

#include <string.h>

enum { KEY_BYTES = 32, SIGNATURE_BYTES = 64 };

int crypto_sign_ed25519_tinyssh_open(unsigned char *, unsigned long long *, const unsigned char *, unsigned long long,
                                     const unsigned char *);

/* verifySignature(key, message, signature): false also for a key or signature of the wrong length. */
static JSValue js_verify_signature(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    size_t key_size, size, signature_size;
    const uint8_t *key = get_bytes(ctx, argv[0], &key_size);
    const uint8_t *message = key ? get_bytes(ctx, argv[1], &size) : NULL;
    const uint8_t *signature = message ? get_bytes(ctx, argv[2], &signature_size) : NULL;
    if (!signature)
        return JS_EXCEPTION;
    if (key_size != KEY_BYTES || signature_size != SIGNATURE_BYTES)
        return JS_FALSE;
    /* Signature and message, and room for a copy of both. */
    size_t total = SIGNATURE_BYTES + size;
    uint8_t *signed_message = js_malloc(ctx, 2 * total);
    if (!signed_message)
        return JS_EXCEPTION;
    unsigned long long opened;
    memcpy(signed_message, signature, SIGNATURE_BYTES);
    memcpy(signed_message + SIGNATURE_BYTES, message, size);
    int result = crypto_sign_ed25519_tinyssh_open(signed_message + total, &opened, signed_message, total, key);
    js_free(ctx, signed_message);
    return JS_NewBool(ctx, result == 0);
}

static const JSCFunctionListEntry signature_entries[] = {JS_CFUNC_DEF("verifySignature", 3, js_verify_signature)};
PORT(signature);
