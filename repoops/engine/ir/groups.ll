define internal <32 x <<result>>> @<<name>>(<32 x <<kind>>> %value, <32 x i32> %named, i32 %here) noinline {
entry:
  %spill = alloca <32 x i32>
  store <32 x i32> %named, ptr %spill
  br label %next
next:
  %todo = phi i32 [%here, %entry], [%todo1, %each]
  %found = phi <32 x <<result>>> [zeroinitializer, %entry], [%found1, %each]
  %none = icmp eq i32 %todo, 0
  br i1 %none, label %end, label %each
each:
  %lane = call i32 @llvm.cttz.i32(i32 %todo, i1 true)
  %lane64 = zext i32 %lane to i64
  %at = getelementptr i32, ptr %spill, i64 %lane64
  %mask = load i32, ptr %at
  %mask.1 = insertelement <32 x i32> poison, i32 %mask, i64 0
  %mask.v = shufflevector <32 x i32> %mask.1, <32 x i32> poison, <32 x i32> zeroinitializer
  %same = icmp eq <32 x i32> %named, %mask.v
  %same.w = bitcast <32 x i1> %same to i32
  %mine = and i32 %same.w, %here
  %group = and i32 %mine, %mask
  %lanes = bitcast i32 %group to <32 x i1>
<<body>>
  %one.1 = insertelement <32 x <<result>>> poison, <<result>> %one, i64 0
  %one.v = shufflevector <32 x <<result>>> %one.1, <32 x <<result>>> poison, <32 x i32> zeroinitializer
  %mine.v = bitcast i32 %mine to <32 x i1>
  %found1 = select <32 x i1> %mine.v, <32 x <<result>>> %one.v, <32 x <<result>>> %found
  %left = xor i32 %mine, -1
  %todo1 = and i32 %todo, %left
  br label %next
end:
  ret <32 x <<result>>> %found
}
