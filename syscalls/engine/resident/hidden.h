/* Included before everything in the resident's build: all its symbols are its own, so none
 * is reached through a table of addresses.  (-fvisibility says so for definitions only.) */
#pragma GCC visibility push(hidden)
