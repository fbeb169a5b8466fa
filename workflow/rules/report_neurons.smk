# What people look at: neurons and how alike models use them.
#
# In: comparisons. Out: results/{study}/tables, figures.
