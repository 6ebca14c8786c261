/* Version of the contract. The major is part of the entry symbol's name; a minor only appends. */
#ifndef PORTOLAN_ABI_VERSION_H
#define PORTOLAN_ABI_VERSION_H

#define PORTOLAN_VERSION "1.0.0" /* of the SDK package */
#define PORTOLAN_ABI_MAJOR 1u
#ifndef PORTOLAN_ABI_MINOR
/* A build may pin a lower minor: structs then end where that minor ended. */
#define PORTOLAN_ABI_MINOR 0u
#endif

#endif
