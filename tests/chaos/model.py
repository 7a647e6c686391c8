# SPDX-License-Identifier: MIT
"""What the changes of a log come to, one after the other, as sections 7 and 8 of the protocol say.

A Table is a cloud table in memory; it knows nothing of batches, folding or sets.  allowed_states()
is for records that several clients change at once, where more than one end can be right.
"""
INSERT, UPSERT, UPDATE, DELETE = 1, 2, 3, 4
NAMES = {INSERT: "insert", UPSERT: "insertOrUpdate", UPDATE: "update", DELETE: "delete"}


class Change:
    """One row of a log, and when it was sent and known to be stored."""

    __slots__ = ("table", "operation", "key", "given", "links", "pk", "seq", "sent", "known", "at")

    def __init__(self, table, operation, key, given, links=None, pk=None):
        self.table, self.operation, self.key, self.given, self.links = table, operation, key, given, links
        self.pk = pk  # of the row that it inserts, if the server made it; known when the log was read
        self.seq = self.sent = self.known = self.at = None

    def key_fields(self):
        return [k.lstrip("@") for k in self.key.split(",")]

    def value(self, field):
        return self.given.get(field) or (self.pk if field == "id" else None)

    def row(self):
        """What the log must hold: operation, key, and the named fields with their values."""
        named = dict(self.given)
        if self.operation == DELETE:
            named = {f: named[f] for f in self.key_fields()}
        elif self.key == "@id" and "id" not in named:  # neither key nor primary key was given
            named["id"] = self.pk
        return (self.operation, self.key, named, self.links)

    def __repr__(self):
        made = f" ({self.pk})" if self.pk else ""
        return f"#{self.seq} {NAMES[self.operation]} by {self.key} {self.given}{made}"


class Row:
    __slots__ = ("values", "maker")

    def __init__(self, values, maker):
        self.values, self.maker = values, maker

    def get(self, field):
        value = self.values.get(field)
        return self.maker.pk if value is None and field == "id" and self.maker else value


class Table:
    def __init__(self, defaults, rows=()):
        self.defaults, self.rows = defaults, list(rows)  # a field not in `defaults` is NULL until it is given

    def copy(self):
        return Table(self.defaults, (Row(dict(r.values), r.maker) for r in self.rows))

    def find(self, change):
        key = [(f, change.value(f)) for f in change.key_fields()]
        return [r for r in self.rows if all(v is not None and r.get(f) == v for f, v in key)]

    def apply(self, change):
        found = self.find(change)
        if change.operation == DELETE:
            if found:
                self.rows = [r for r in self.rows if r not in found]
            return
        for row in found:  # all that have this key (R10.4); a row keeps its primary key (R7.13a)
            row.values.update({f: v for f, v in change.given.items() if f != "id"})
        if not found and change.operation != UPDATE:
            maker = None if change.given.get("id") else change
            self.rows.append(Row({**self.defaults, **change.given}, maker))

    def would_clash(self, change):
        """R7.13a, last sentence: the record is not found, but its primary key is taken."""
        brought = change.given.get("id")
        return (brought and change.key != "@id" and change.operation in (INSERT, UPSERT)
                and not self.find(change) and any(r.get("id") == brought for r in self.rows))

    def content(self, fields):
        """Rows by primary key, as lists of values."""
        rows = {r.get("id"): [r.get(f) for f in fields] for r in self.rows}
        assert len(rows) == len(self.rows), "the model itself has two rows with one primary key"
        return rows


def allowed_states(defaults, fields, before, changes):
    """Every way that one record (a list of FIELDS, or None) may end after CHANGES, of which only this
    is known: what was known to be stored before another was sent comes first.

    Changes of a client follow each other, so at each point no more than one per client may be next:
    the sets of changes that can have been played are few, and each is visited once."""
    def play(state, change):
        table = Table(defaults, [Row(dict(zip(fields, state)), None)] if state else [])
        table.apply(change)
        return tuple(table.rows[0].get(f) for f in fields) if table.rows else None

    after = [sum(1 << j for j, other in enumerate(changes) if other.known < c.sent) for c in changes]
    everything = (1 << len(changes)) - 1
    frontier = {0: {tuple(before) if before else None}}
    for _ in changes:
        following = {}
        for done, states in frontier.items():
            for i, change in enumerate(changes):
                if not done >> i & 1 and after[i] & ~done == 0:
                    following.setdefault(done | 1 << i, set()).update(play(s, change) for s in states)
        frontier = following
    return frontier[everything]
