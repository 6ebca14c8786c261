/* A well-behaved plugin in C11 with no help from the SDK's C++ layer. */
#include <portolan/abi/abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef PLAIN_NEEDS /* A build that cannot be loaded. */
void PLAIN_NEEDS(void);
void (*const plain_needs)(void) = PLAIN_NEEDS;
#endif

#define TEXT(literal) \
  { (literal), sizeof(literal) - 1 }

static const portolan_str extensions[] = {
    TEXT(PORTOLAN_EXT_INTEGRATION), TEXT(PORTOLAN_EXT_VALIDATION), TEXT(PORTOLAN_EXT_STATISTICS),
    TEXT(PORTOLAN_EXT_CATALOG), TEXT(PORTOLAN_EXT_DETECT)};

static const portolan_descriptor descriptor = {
    sizeof(portolan_descriptor),
    PORTOLAN_THREADS_SERIAL,
    TEXT("test.plain"),
    TEXT("plain"),
    TEXT("Plain"),
    TEXT("1.2.3"),
    TEXT("Tests"),
    TEXT("Apache-2.0"),
    TEXT("https://example.org"),
    TEXT("{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
         "\"credentials\":{\"type\":\"object\",\"additionalProperties\":false,"
         "\"properties\":{\"username\":{\"type\":\"string\"},\"password\":{\"type"
         "\":\"string\",\"x-secret\":true}}},\"options\":{\"type\":\"object\",\"ad"
         "ditionalProperties\":false,\"properties\":{\"mode\":{\"type\":\"stri"
         "ng\",\"maxLength\":64}}}}}"),
    extensions,
    5,
    NULL,
    0};

typedef struct plain {
  portolan_instance table;
  char base[256];
} plain;

static int is(portolan_str text, const char* word) {
  return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

static const plain* of(const portolan_instance* self) { return self->plugin_context; }

static portolan_status integrate(const portolan_instance* self, const portolan_call* call,
                                 const portolan_sink* sink) {
  (void)call;
  const portolan_str words[] = {TEXT("catalog"), TEXT("delete")};
  const portolan_integration found = {sizeof found,
                                      0,
                                      {of(self)->base, strlen(of(self)->base)},
                                      TEXT("Plain"),
                                      TEXT("9.1"),
                                      TEXT("v2"),
                                      TEXT("ada"),
                                      TEXT("administrator"),
                                      TEXT(""),
                                      TEXT("{\"seen\":1}"),
                                      words,
                                      2};
  return sink->emit(sink, &found, 1, sizeof found);
}

static portolan_status validate(const portolan_instance* self, const portolan_call* call,
                                uint32_t depth, const portolan_sink* sink) {
  (void)self, (void)call;
  portolan_check checks[] = {
      {sizeof(portolan_check), PORTOLAN_CHECK_OK, PORTOLAN_OK, 200, TEXT("identity"),
       TEXT("it is one"), TEXT(""), TEXT("GET"), TEXT("https://r/v2/?token=x"), TEXT(""), 1500},
      {sizeof(portolan_check), PORTOLAN_CHECK_WARN, PORTOLAN_FORBIDDEN, 0, TEXT("permissions.pull"),
       TEXT("not all"), TEXT("ask for more"), TEXT(""), TEXT(""), TEXT(""), 0}};
  return sink->emit(sink, checks, depth == PORTOLAN_DEPTH_FULL ? 2 : 1, sizeof checks[0]);
}

static portolan_status collect(const portolan_instance* self, const portolan_call* call,
                               uint32_t level, const portolan_sink* sink) {
  (void)self, (void)call, (void)level;
  const portolan_measure all[] = {
      {sizeof(portolan_measure), PORTOLAN_MEASURE_KNOWN, PORTOLAN_SCOPE_REGISTRY,
       PORTOLAN_KIND_NONE, 0, 0, TEXT("repositories"), TEXT("count"), TEXT(""), TEXT(""), 3, 1000},
      {sizeof(portolan_measure), PORTOLAN_MEASURE_UNKNOWN, PORTOLAN_SCOPE_ACCOUNT,
       PORTOLAN_KIND_LOGICAL, PORTOLAN_MEASURE_CUT, 0, TEXT("storage_bytes"), TEXT("bytes"),
       TEXT(""), TEXT("--level deep"), 77, 0},
      {sizeof(portolan_measure), PORTOLAN_MEASURE_PARTIAL, PORTOLAN_SCOPE_REGISTRY,
       PORTOLAN_KIND_NONE, 0, PORTOLAN_VISIBILITY_PRIVATE, TEXT("repositories"), TEXT("count"),
       TEXT("library"), TEXT(""), 2, 0}};
  return sink->emit(sink, all, 3, sizeof all[0]);
}

/* 64 repositories a batch, named by number, each batch covered by a cursor that holds the next one.
 */
static portolan_status repositories(const portolan_instance* self, const portolan_call* call,
                                    const portolan_query* query, const portolan_sink* sink) {
  (void)self, (void)call;
  char number[32] = {0};
  memcpy(number, query->cursor.data, query->cursor.len < 31 ? query->cursor.len : 31);
  const uint64_t first = query->cursor.len ? strtoull(number, NULL, 10) : 0;
  uint64_t next = first;
  while (next < query->limit) {
    portolan_repository batch[64];
    char names[64][24];
    uint64_t count = 0;
    for (; count < 64 && next < query->limit; ++count, ++next) {
      const int length =
          snprintf(names[count], sizeof names[count], "library/r%llu", (unsigned long long)next);
      batch[count] = (portolan_repository){
          sizeof batch[0], 0, {names[count], (uint64_t)length}, TEXT("library"), -1, 5, -9};
    }
    portolan_status status = sink->emit(sink, batch, count, sizeof batch[0]);
    const int length = snprintf(number, sizeof number, "%llu", (unsigned long long)next);
    if (status == PORTOLAN_OK || status == PORTOLAN_STOP) {
      const portolan_str cursor = {number, (uint64_t)length};
      sink->cursor(sink, cursor);
    }
    if (status != PORTOLAN_OK) return status == PORTOLAN_STOP ? PORTOLAN_OK : status;
  }
  return PORTOLAN_OK;
}

static const portolan_ext_integration integration = {sizeof integration, 0, integrate};
static const portolan_ext_validation validation = {sizeof validation, 0, validate};
static const portolan_ext_statistics statistics = {sizeof statistics, 0, collect};
static const portolan_ext_catalog catalog = {sizeof catalog, 0, NULL, repositories, NULL, NULL};

static const void* extension(const portolan_instance* self, portolan_str id) {
  (void)self;
  if (is(id, PORTOLAN_EXT_INTEGRATION)) return &integration;
  if (is(id, PORTOLAN_EXT_VALIDATION)) return &validation;
  if (is(id, PORTOLAN_EXT_STATISTICS)) return &statistics;
  if (is(id, PORTOLAN_EXT_CATALOG)) return &catalog;
  return NULL;
}

static void destroy(const portolan_instance* self) { free(self->plugin_context); }

static portolan_status create(const portolan_call* call, const portolan_host* host,
                              const portolan_registry* registry, const portolan_instance** out) {
  (void)call, (void)host;
  plain* made = calloc(1, sizeof *made);
  if (!made || registry->base.len >= sizeof made->base) return PORTOLAN_INTERNAL;
  made->table = (portolan_instance){sizeof made->table, 0, made, extension, destroy};
  memcpy(made->base, registry->base.data, registry->base.len);
  *out = &made->table;
  return PORTOLAN_OK;
}

static portolan_status detect(const portolan_call* call, const portolan_host* host,
                              portolan_str base, const portolan_sink* sink) {
  (void)call, (void)host, (void)base;
  const portolan_detection found = {sizeof found, 85, TEXT("it greets like one")};
  return sink->emit(sink, &found, 1, sizeof found);
}

static const portolan_ext_detect detection = {sizeof detection, 0, detect};

static const void* type_extension(portolan_str type, portolan_str id) {
  return is(type, "plain") && is(id, PORTOLAN_EXT_DETECT) ? &detection : NULL;
}

static const portolan_descriptor* get_descriptor(uint32_t index) {
  return index == 0 ? &descriptor : NULL;
}

static const portolan_entry entry = {sizeof entry, 0, 0, 1, get_descriptor, type_extension, create};

const portolan_entry* portolan_plugin_v1(void) { return &entry; }
