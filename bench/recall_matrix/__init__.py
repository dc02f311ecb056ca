"""What sees a token that is encoded, packed, broken up or in a corner of git: one random token planted for each cell of
a table, and this scanner and its peers run over all of them.
"""
