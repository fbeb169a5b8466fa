# What people look at: representations: CKA and principal angles.
#
# In: comparisons. Out: results/{study}/tables, figures.
