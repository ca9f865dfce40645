/* The floor: the smallest program that turns one press into three pages. It remembers nothing, writes nothing, confirms
 * nothing and never rings twice; whatever Achterwacht does beyond that is to be paid out of the ratio to this one.
 *
 *     gcc -O2 -o relay relay.c -lmosquitto && ./relay HOST PORT USER PASSWORD
 */
#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>

#define KEEPALIVE_S 30
#define PAGERS 3
#define PAGE \
    "{\"page\":\"%d-%s-%ld.0.%d\",\"incident\":\"%d-%s-%ld\",\"press\":\"%d-%s-%ld\"," \
    "\"zender\":%d,\"kind\":\"alarm\",\"text\":\"BALIE 1\",\"detail\":\"\",\"attempt\":1," \
    "\"reason\":\"first press\",\"age_s\":0.0,\"at\":\"2026-11-21T13:02:33.120Z\",\"clock_ok\":true}"

static void on_connect(struct mosquitto *mosq, void *nothing, int code)
{
    (void)nothing;
    if (code == 0)
        mosquitto_subscribe(mosq, NULL, "achterwacht/v1/zender/+/press", 1);
}

static void on_message(struct mosquitto *mosq, void *nothing, const struct mosquitto_message *message)
{
    (void)nothing;
    int nr;
    long seq;
    char boot[33], said[128], topic[64], page[512];
    snprintf(said, sizeof said, "%.*s", message->payloadlen, (const char *)message->payload);
    if (sscanf(message->topic, "achterwacht/v1/zender/%d/press", &nr) != 1 ||
        sscanf(said, "{\"boot\":\"%32[0-9a-f]\",\"seq\":%ld", boot, &seq) != 2)
        return;
    for (int pager = 1; pager <= PAGERS; pager++) {
        snprintf(topic, sizeof topic, "achterwacht/v1/pager/p%d/page", pager);
        int length = snprintf(page, sizeof page, PAGE, nr, boot, seq, pager, nr, boot, seq, nr, boot, seq, nr);
        mosquitto_publish(mosq, NULL, topic, length, page, 1, false);
    }
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: relay HOST PORT USER PASSWORD\n");
        return 2;
    }
    mosquitto_lib_init();
    struct mosquitto *mosq = mosquitto_new("relay", true, NULL);
    mosquitto_int_option(mosq, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_username_pw_set(mosq, argv[3], argv[4]);
    mosquitto_connect_callback_set(mosq, on_connect);
    mosquitto_message_callback_set(mosq, on_message);
    if (mosquitto_connect(mosq, argv[1], atoi(argv[2]), KEEPALIVE_S) != MOSQ_ERR_SUCCESS)
        return 1;
    return mosquitto_loop_forever(mosq, -1, 1) == MOSQ_ERR_SUCCESS ? 0 : 1;
}
