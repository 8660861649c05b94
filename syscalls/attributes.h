/* Name spaces of extended attributes, for a personality's table of them. */
#ifndef GUISE_ATTRIBUTES_H
#define GUISE_ATTRIBUTES_H

enum attribute_space { ATTRIBUTES_OF_USERS = 1, ATTRIBUTES_OF_SYSTEM = 2 };

#endif
