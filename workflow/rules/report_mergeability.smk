# What people look at: task vectors and mergeability.
#
# In: comparisons. Out: results/{study}/tables, figures.
