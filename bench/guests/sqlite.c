/* Has SQLite keep a shop's books in memory: tables and indexes, inserts, joins, groups, updates and
   deletes. What that asks of malloc: pages of 4 KiB that stay, and for each statement the blocks of
   a parser, of a compiler and of a sorter, from some bytes to some KiB, by malloc, realloc and
   free. Prints sums that depend on all of it. SQLite is compiled without an operating system: what
   it needs of one for a database in memory is here. */

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
no_file (sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
  (void) vfs, (void) name, (void) flags, (void) out;
  file->pMethods = NULL;
  return SQLITE_CANTOPEN;
}

static int
no_access (sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
  (void) vfs, (void) name, (void) flags;
  *out = 0;
  return SQLITE_OK;
}

static int
full_name (sqlite3_vfs *vfs, const char *name, int room, char *out)
{
  (void) vfs;
  snprintf (out, (size_t) room, "%s", name);
  return SQLITE_OK;
}

/* The same at every run. */
static int
no_randomness (sqlite3_vfs *vfs, int bytes, char *out)
{
  (void) vfs;
  memset (out, 42, (size_t) bytes);
  return bytes;
}

static int
no_time (sqlite3_vfs *vfs, double *out)
{
  (void) vfs;
  *out = 2440587.5;
  return SQLITE_OK;
}

int
sqlite3_os_init (void)
{
  static sqlite3_vfs none = {
    .iVersion = 1,
    .szOsFile = sizeof (sqlite3_file),
    .mxPathname = 100,
    .zName = "none",
    .xOpen = no_file,
    .xAccess = no_access,
    .xFullPathname = full_name,
    .xRandomness = no_randomness,
    .xCurrentTime = no_time,
  };
  return sqlite3_vfs_register (&none, 1);
}

int
sqlite3_os_end (void)
{
  return SQLITE_OK;
}

static void
require (sqlite3 *database, int is_well)
{
  if (is_well)
    return;
  fprintf (stderr, "SQLite: %s\n", sqlite3_errmsg (database));
  exit (1);
}

static void
run (sqlite3 *database, const char *statements)
{
  require (database, sqlite3_exec (database, statements, NULL, NULL, NULL) == SQLITE_OK);
}

static int
print_row (void *unused, int columns, char **values, char **names)
{
  (void) unused, (void) names;
  for (int i = 0; i < columns; i++)
    printf ("%s%s", values[i] == NULL ? "-" : values[i], i + 1 < columns ? " " : "\n");
  return 0;
}

static void
print (sqlite3 *database, const char *query)
{
  require (database, sqlite3_exec (database, query, print_row, NULL, NULL) == SQLITE_OK);
}

/* One statement a row, compiled once, with values bound to it. */
static void
insert_customers (sqlite3 *database, int count)
{
  sqlite3_stmt *statement;
  const char *insert = "INSERT INTO customer VALUES (?, ?, ?)";
  require (database, sqlite3_prepare_v2 (database, insert, -1, &statement, NULL) == SQLITE_OK);
  for (int i = 0; i < count; i++)
    {
      char name[64];
      snprintf (name, sizeof name, "customer %d of street %d", i * 7919 % 10007, i % 97);
      sqlite3_bind_int (statement, 1, i);
      sqlite3_bind_text (statement, 2, name, -1, SQLITE_TRANSIENT);
      sqlite3_bind_int (statement, 3, i * 31 % 50);
      require (database, sqlite3_step (statement) == SQLITE_DONE);
      sqlite3_reset (statement);
    }
  sqlite3_finalize (statement);
}

/* A statement of its own for each row, as programs do that put the values into its text. */
static void
insert_orders (sqlite3 *database, int count, int customers)
{
  for (int i = 0; i < count; i++)
    {
      char *insert = sqlite3_mprintf (
          "INSERT INTO purchase (customer, price, note) VALUES (%d, %d, '%.*c and %d')",
          i * 131 % customers, i * 7919 % 1009, i % 60 + 1, 'a' + i % 26, i);
      run (database, insert);
      sqlite3_free (insert);
    }
}

int
main (void)
{
  sqlite3 *database;
  require (NULL, sqlite3_open (":memory:", &database) == SQLITE_OK);
  run (database, "CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, city INTEGER);"
                 "CREATE TABLE purchase (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES"
                 " customer, price INTEGER, note TEXT);"
                 "CREATE INDEX by_customer ON purchase (customer);"
                 "CREATE INDEX by_name ON customer (name);");
  run (database, "BEGIN");
  insert_customers (database, 4000);
  insert_orders (database, 9000, 4000);
  run (database, "COMMIT");
  run (database, "CREATE INDEX by_price ON purchase (price, note)");
  print (database, "SELECT count(*), sum(price), sum(length(note)) FROM purchase");
  print (database, "SELECT city, count(*), sum(price) AS total FROM customer JOIN purchase"
                   " ON customer.id = purchase.customer GROUP BY city ORDER BY total DESC LIMIT 3");
  print (database, "SELECT count(DISTINCT substr(note, 1, 9)), group_concat(DISTINCT price % 10)"
                   " FROM purchase WHERE price BETWEEN 100 AND 300");
  run (database, "UPDATE purchase SET note = note || ' for ' || (SELECT name FROM customer"
                 " WHERE customer.id = purchase.customer) WHERE price % 3 = 0");
  run (database, "DELETE FROM purchase WHERE customer IN"
                 " (SELECT id FROM customer WHERE city < 10 OR name LIKE '%street 1%')");
  run (database, "DROP INDEX by_name; CREATE TABLE copy AS SELECT * FROM purchase ORDER BY note");
  print (database, "SELECT count(*), sum(price), sum(length(note)), max(note) FROM copy");
  print (database, "PRAGMA integrity_check");
  require (database, sqlite3_close (database) == SQLITE_OK);
  return 0;
}
