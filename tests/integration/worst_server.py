# SPDX-License-Identifier: MIT
"""The worst that each session variable can be at a server, for tests that expect it to make no difference.

With CAMPAIGN_TEST_SERVER=worst in the environment the harness starts every server so: globally, and again by
init_connect, which runs for every account without SUPER.  The harness's own sessions have `usual` values.
"""

# Name: (worst, usual) as SQL writes them, and the MariaDB that has the variable first where 10.11 has it not.
# A variable that MariaDB does not have, as the program asks for it at other servers, is None.
SET = {
    "character_set_client": ("latin1", "utf8mb4"),
    "character_set_connection": ("latin1", "utf8mb4"),
    "character_set_results": ("latin1", "utf8mb4"),
    "collation_connection": ("latin1_swedish_ci", "utf8mb4_general_ci"),
    "character_set_collations": ("'utf8mb4=uca1400_ai_ci'", "''", 110200),
    "sql_mode": ("'ORACLE,PAD_CHAR_TO_FULL_LENGTH,NO_BACKSLASH_ESCAPES,HIGH_NOT_PRECEDENCE,EMPTY_STRING_IS_NULL,"
                 "NO_UNSIGNED_SUBTRACTION,NO_AUTO_VALUE_ON_ZERO,NO_DIR_IN_CREATE,ONLY_FULL_GROUP_BY,REAL_AS_FLOAT,"
                 "TIME_ROUND_FRACTIONAL'", "'STRICT_TRANS_TABLES'"),
    "old_mode": ("'NO_DUP_KEY_WARNINGS_WITH_IGNORE,ZERO_DATE_TIME_CAST,UTF8_IS_UTF8MB3'", "''"),
    "sql_if_exists": ("1", "0"),
    "sql_auto_is_null": ("1", "0"),
    "sql_safe_updates": ("1", "0"),
    "system_versioning_asof": ("'2001-01-01 00:00:00'", "DEFAULT"),
    "time_zone": ("'+13:00'", "'SYSTEM'"),
    "big_tables": ("1", "0"),
    "tmp_memory_table_size": ("0", "16777216"),
    "group_concat_max_len": ("4", "1048576"),
    "max_sort_length": ("64", "1024"),
    "default_storage_engine": ("MyISAM", "InnoDB"),
    "innodb_strict_mode": ("0", "1"),
    "alter_algorithm": ("'INSTANT'", "'DEFAULT'"),
    "autocommit": ("0", "1"),
    "completion_type": ("'RELEASE'", "'NO_CHAIN'"),
    "tx_isolation": ("'SERIALIZABLE'", "'REPEATABLE-READ'"),
    "transaction_isolation": ("'SERIALIZABLE'", "'REPEATABLE-READ'", 110100),
    "tx_read_only": ("1", "0"),
    "transaction_read_only": ("1", "0", 110100),
    "wsrep_dirty_reads": ("1", "0"),
    "foreign_key_checks": ("0", "1"),
    "unique_checks": ("0", "1"),
    "check_constraint_checks": ("0", "1"),
    "sql_select_limit": ("1", "18446744073709551615"),
    "max_join_size": ("1", "18446744073709551615"),
    "sql_big_selects": ("0", "1"),
    "max_statement_time": ("0.03", "0"),
    "max_execution_time": None,
    "max_session_mem_used": ("1048576", "9223372036854775807"),
    "tmp_disk_table_size": ("1024", "18446744073709551615"),
    "sort_buffer_size": ("1024", "2097152"),
    "sql_buffer_result": ("1", "0"),
    "innodb_lock_wait_timeout": ("0", "50"),
    "lock_wait_timeout": ("0", "86400"),
    "low_priority_updates": ("1", "0"),
    "wait_timeout": ("1", "28800"),
    "idle_transaction_timeout": ("1", "0"),
    "idle_readonly_transaction_timeout": ("1", "0"),
    "idle_write_transaction_timeout": ("1", "0"),
    "net_read_timeout": ("1", "30"),
    "net_write_timeout": ("1", "60"),
}

# Variables that the program leaves to the server: what they are makes no difference either.  Not among them is
# default_regex_flags: the program has no expression, but the view of pending records, which people query.
LEFT = {
    "character_set_server": "latin1", "collation_server": "latin1_german1_ci",
    "character_set_filesystem": "latin1", "default_week_format": "7",
    "div_precision_increment": "0", "eq_range_index_dive_limit": "1", "explicit_defaults_for_timestamp": "0",
    "in_predicate_conversion_threshold": "2", "innodb_table_locks": "0", "innodb_snapshot_isolation": "1",
    "join_buffer_size": "128", "join_cache_level": "0", "lc_time_names": "'ja_JP'", "max_error_count": "0",
    "max_heap_table_size": "16384", "max_length_for_sort_data": "4", "optimizer_search_depth": "0",
    "optimizer_prune_level": "0", "optimizer_use_condition_selectivity": "1", "read_buffer_size": "8192",
    "read_rnd_buffer_size": "1", "sql_notes": "0", "sql_quote_show_create": "0",
    "sql_warnings": "1", "standard_compliant_cte": "0",
    "updatable_views_with_limit": "'NO'", "use_stat_tables": "'NEVER'", "interactive_timeout": "1",
    "session_track_transaction_info": "'CHARACTERISTICS'",
    "auto_increment_increment": "3", "auto_increment_offset": "2",
}

# They have no global value that a session would get, or the client overrules it on connecting.
SESSION_ONLY = {"character_set_client", "character_set_results", "wsrep_dirty_reads"}


def _assignments(scope, which, leave_out=()):
    """In the order of the lists; what newer servers alone have is in a comment that they alone read."""
    now, later = [], ""
    for name, values in SET.items():
        if values is None or name in leave_out:
            continue
        assignment = f"{scope} {name} = {values[which]}"
        if len(values) > 2:
            later += f" /*M!{values[2]} , {assignment} */"
        else:
            now.append(assignment)
    if which == 0:
        now += [f"{scope} {name} = {value}" for name, value in LEFT.items() if name not in leave_out]
    return "SET " + ", ".join(now) + later


def init_file():
    """For a server's --init-file, which executes it as a superuser.  A statement is a line."""
    return _assignments("GLOBAL", 0, SESSION_ONLY) + ";\n"


def init_connect():
    return _assignments("SESSION", 0)


def usual():
    """Undoes what the global values do to a session."""
    return _assignments("SESSION", 1)
