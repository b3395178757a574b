/* gmime CORPUS ROUNDS: what MimeBench does, by GMime: parse, and decode all text parts to UTF-8. Prints MB/s and how much text. */
#include <gmime/gmime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static size_t produced;

static void visit(GMimeObject *parent, GMimeObject *part, gpointer data) {
    (void)parent;
    (void)data;
    if (!GMIME_IS_TEXT_PART(part)) return;
    char *text = g_mime_text_part_get_text(GMIME_TEXT_PART(part));
    if (text) produced += strlen(text);
    g_free(text);
}

int main(int argc, char **argv) {
    if (argc < 3) return 64;
    gchar *corpus;
    gsize length;
    if (!g_file_get_contents(argv[1], &corpus, &length, NULL)) return 66;
    int rounds = atoi(argv[2]);
    g_mime_init();
    size_t bytes = 0;
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int round = 0; round < rounds; round++) {
        char *at = corpus;
        while (at < corpus + length) {
            char *rest;
            size_t size = strtoul(at, &rest, 10);
            char *message_bytes = rest + 1;
            GMimeStream *stream = g_mime_stream_mem_new_with_buffer(message_bytes, size);
            GMimeParser *parser = g_mime_parser_new_with_stream(stream);
            GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
            if (message) {
                g_mime_message_foreach(message, visit, NULL);
                g_object_unref(message);
            }
            g_object_unref(parser);
            g_object_unref(stream);
            bytes += size;
            at = message_bytes + size;
        }
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    double seconds = (end.tv_sec - start.tv_sec) + (end.tv_nsec - start.tv_nsec) / 1e9;
    printf("%.1f %zu\n", bytes / 1e6 / seconds, produced / rounds);
    return 0;
}
